/** `npm test`: everything that must hold of the project. A check counts as one; the tests of vitest count each. */
import { boundaryCheck } from "./boundaries.ts";
import { type Check, commandCheck } from "./check.ts";
import { contractChecks } from "./contracts.ts";
import { generatedCheck } from "./generated.ts";
import { runChecks } from "./run-checks.ts";
import { vitestCheck } from "./vitest-suite.ts";

const checks: readonly Check[] = [
  commandCheck("node version", [process.execPath, "ops/checks/node-version.cjs"]),
  commandCheck("biome", ["biome", "check", "--error-on-warnings", "."]),
  commandCheck("types", ["tsc", "-p", "."]),
  boundaryCheck,
  ...contractChecks,
  generatedCheck,
  vitestCheck,
];

process.exitCode = (await runChecks(checks, console.log)) ? 0 : 1;
