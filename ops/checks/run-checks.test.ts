import { expect, test } from "vitest";
import { commandCheck, outcomeOf } from "./check.ts";
import { runChecks } from "./run-checks.ts";

const node = process.execPath;

test("totals are of checks and tests together, alone on the last line", async () => {
  const printed: string[] = [];
  const checks = [
    commandCheck("a command that works", [node, "--version"]),
    commandCheck("a command that fails", [node, "-e", "console.error('mend this'); process.exit(3)"]),
    commandCheck("a command that is not there", ["parley-is-not-a-command"]),
    { name: "a suite", run: async () => ({ passed: 40, failed: 2, report: "failed: two tests" }) },
    { name: "a check with a note", run: async () => outcomeOf([], ["skipped: something"]) },
  ];
  expect(await runChecks(checks, (text) => printed.push(text))).toBe(false);
  const text = printed.join("\n");
  expect(text.split("\n").at(-1)).toBe("42 passed, 4 failed");
  for (const part of ["mend this", "ENOENT", "failed: two tests", "skipped: something", "40 of 42 passed"]) {
    expect(text).toContain(part);
  }
});

test("nothing failed", async () => {
  const printed: string[] = [];
  const passing = { name: "fine", run: async () => outcomeOf([]) };
  expect(await runChecks([passing, passing], (text) => printed.push(text))).toBe(true);
  expect(printed.at(-1)).toBe("\n2 passed, 0 failed");
});
