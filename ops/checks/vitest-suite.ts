/** The test suite, counted test by test. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runCommand } from "../command.ts";
import type { Check, Outcome } from "./check.ts";
import { seconds } from "./run-checks.ts";

export const vitestCheck: Check = {
  name: "vitest",
  async run() {
    const folder = mkdtempSync(join(tmpdir(), "parley-vitest-"));
    try {
      const report = join(folder, "report.json");
      const { code } = await runCommand(
        ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
        { show: true },
      );
      return outcomeOfSuite(JSON.parse(readFileSync(report, "utf8")), code, process.env.CI === "true");
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** The part of vitest's JSON report that is counted. */
export interface SuiteReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly duration?: number | null;
    }[];
  }[];
}

/** Counts tests; a file that could not be loaded counts as a failed test, as does a test that CI skips. */
export function outcomeOfSuite(report: SuiteReport, code: number | null, isCi: boolean): Outcome {
  const tests = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({ ...test, title: `${name.replace(`${root}/`, "")} › ${test.fullName}` })),
  );
  const passed = tests.filter(({ status }) => status === "passed");
  const failed = tests.filter(({ status }) => status === "failed").map(({ title }) => `failed: ${title}`);
  const skipped = tests
    .filter(({ status }) => status !== "passed" && status !== "failed")
    .map(({ title }) => `skipped: ${title}`);
  const unloaded = report.testResults
    .filter(
      ({ status, assertionResults }) => status === "failed" && !assertionResults.some((t) => t.status === "failed"),
    )
    .map(({ name }) => `failed as a whole: ${name}`);
  const faults = [...failed, ...unloaded, ...(isCi ? skipped : [])];
  if (faults.length === 0 && code !== 0) faults.push(`vitest ended with ${code}: see its output above`);
  const slowest = tests.toSorted((a, b) => (b.duration ?? 0) - (a.duration ?? 0)).slice(0, 10);
  return {
    passed: passed.length,
    failed: faults.length,
    report: faults.join("\n"),
    notes: [
      ...(isCi ? [] : skipped),
      ...slowest
        .filter(({ duration }) => (duration ?? 0) > slowMs)
        .map(({ title, duration }) => `slow: ${seconds(duration ?? 0)} ${title}`),
    ],
  };
}

/** A test that takes longer is named in the summary, if it is among the ten slowest. */
const slowMs = 5_000;
