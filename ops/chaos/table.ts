import type { MutantResult } from "./campaign.ts";
import type { Finding, FindingKind } from "./evidence.ts";
import type { RoundResult } from "./round.ts";

/** The goal for the longest stall. */
export const stallGoalMs = 10_000;

const kinds: readonly FindingKind[] = ["lost", "doubled", "reordered", "leaked"];
const widths = [26, 10, 8, 8, 9, 8, 14];

export const tableHead = lineOf(["fault", "operations", ...kinds, "longest stall"]);

export function tableLine({ fault, operations, findings, stall }: RoundResult): string {
  const counts = kinds.map((kind) => findings.filter((finding) => finding.kind === kind).length);
  return lineOf([fault, operations, ...counts, `${(stall.ms / 1_000).toFixed(1)} s`]);
}

/** The findings in words, the first of each promise and kind, and how many more there are. */
export function findingLines(findings: readonly Finding[]): string[] {
  return [...Map.groupBy(findings, ({ promise, kind }) => `${promise} ${kind}`)].map(([title, same]) => {
    const more = same.length > 1 ? ` (and ${same.length - 1} more)` : "";
    return `  ${title}: ${same[0]?.what}${more}`;
  });
}

function lineOf(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, n) => (n === 0 ? String(cell).padEnd(widths[n] ?? 0) : String(cell).padStart(widths[n] ?? 0)))
    .join("  ");
}

export function mutantLine({ mutant, caught, others, operations }: MutantResult): string {
  const { name, says, promise, fault } = mutant;
  const verdict = caught.length > 0 ? "caught" : "NOT CAUGHT";
  const found = `${promise} under ${fault}: ${caught.length} findings, and ${others} others, of ${operations} operations`;
  return `${verdict.padEnd(10)}  ${name}: ${says}; ${found}`;
}
