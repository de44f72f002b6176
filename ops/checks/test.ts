/**
 * `npm test`: everything that must hold of the project, each check with its time, and the totals on the last line.
 * A check counts as one; the tests of vitest count each.
 */
import { boundaryCheck } from "./boundaries.ts";
import { type Check, commandCheck, type Outcome } from "./check.ts";
import { contractChecks } from "./contracts.ts";
import { generatedCheck } from "./generated.ts";
import { seconds, vitestCheck } from "./vitest-suite.ts";

const checks: readonly Check[] = [
  commandCheck("node version", [process.execPath, "ops/checks/node-version.cjs"]),
  commandCheck("biome", ["biome", "check", "--error-on-warnings", "."]),
  commandCheck("types", ["tsc", "-p", "."]),
  boundaryCheck,
  ...contractChecks,
  generatedCheck,
  vitestCheck,
];

interface Row extends Outcome {
  readonly name: string;
  readonly ms: number;
}

const rows: Row[] = [];
for (const check of checks) rows.push(await runCheck(check));
printSummary(rows);
process.exitCode = rows.some(({ failed }) => failed > 0) ? 1 : 0;

async function runCheck({ name, run }: Check): Promise<Row> {
  const start = performance.now();
  const outcome = await run().catch((error: unknown) => ({ passed: 0, failed: 1, report: String(error) }));
  const row = { name, ...outcome, ms: performance.now() - start };
  console.log(lineOf(row));
  if (row.failed > 0) console.log(`${row.report.trim()}\n`);
  return row;
}

function lineOf({ name, passed, failed, ms }: Row): string {
  const total = passed + failed;
  const counts = total > 1 ? `  ${passed} of ${total} passed` : "";
  return `${failed > 0 ? "FAILED" : "ok    "} ${seconds(ms)}  ${name}${counts}`;
}

function printSummary(rows: readonly Row[]): void {
  console.log("\nSummary");
  for (const row of rows) console.log(lineOf(row));
  for (const note of rows.flatMap(({ notes }) => notes ?? [])) console.log(note);
  const sum = (count: "passed" | "failed") => rows.reduce((total, row) => total + row[count], 0);
  console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
}
