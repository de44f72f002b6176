/** What a statement does, as spans tell it: never its values. */
export interface StatementSummary {
  /** Such as "SELECT". */
  readonly operation: string;
  /** The table, where one is named. */
  readonly collection: string | undefined;
}

/** Most summaries kept; the code has fewer statements than this. */
const maxSummaries = 1_000;
const summaries = new Map<string, StatementSummary>();
const form = /^\s*(?:(?<change>UPDATE)\s+(?<changed>\w+)|(?<verb>\w+)(?:.*?\b(?:FROM|INTO)\s+(?<table>\w+))?)/is;

/** Of a statement in SQL or CQL. */
export function summaryOf(statement: string): StatementSummary {
  const known = summaries.get(statement);
  if (known) return known;
  const { change, changed, verb = "", table } = form.exec(statement)?.groups ?? {};
  const summary = { operation: (change ?? verb).toUpperCase(), collection: (changed ?? table)?.toLowerCase() };
  if (summaries.size >= maxSummaries) summaries.clear();
  summaries.set(statement, summary);
  return summary;
}

/** Of several that are carried out at once: their table, where it is the same. */
export function batchSummary(statements: readonly string[]): StatementSummary {
  const [first, ...others] = statements.map(summaryOf);
  if (first && others.length === 0) return first;
  const isSame = others.every(({ collection }) => collection === first?.collection);
  return { operation: "BATCH", collection: isSame ? first?.collection : undefined };
}
