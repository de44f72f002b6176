import type { Check, Outcome } from "./check.ts";

interface Row extends Outcome {
  readonly name: string;
  readonly ms: number;
}

/**
 * Runs the checks one after another and prints a line each, with what to mend; then all lines again as a summary, what
 * the reader should know, and the totals alone on the last line. Resolves true if nothing failed.
 */
export async function runChecks(checks: readonly Check[], print: (text: string) => void): Promise<boolean> {
  const rows: Row[] = [];
  for (const check of checks) {
    const row = await runCheck(check);
    rows.push(row);
    print(lineOf(row));
    if (row.failed > 0) print(`${row.report.trim()}\n`);
  }
  const sum = (count: "passed" | "failed") => rows.reduce((total, row) => total + row[count], 0);
  print("\nSummary");
  for (const row of rows) print(lineOf(row));
  for (const note of rows.flatMap(({ notes }) => notes ?? [])) print(note);
  print(`\n${sum("passed")} passed, ${sum("failed")} failed`);
  return sum("failed") === 0;
}

/** A check that throws has failed. */
async function runCheck({ name, run }: Check): Promise<Row> {
  const start = performance.now();
  const outcome = await run().catch((error: unknown) => ({ passed: 0, failed: 1, report: String(error) }));
  return { name, ...outcome, ms: performance.now() - start };
}

function lineOf({ name, passed, failed, ms }: Row): string {
  const total = passed + failed;
  const counts = total > 1 ? `  ${passed} of ${total} passed` : "";
  return `${failed > 0 ? "FAILED" : "ok    "} ${seconds(ms)}  ${name}${counts}`;
}

/** Seconds in a column of their own. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`;
}
