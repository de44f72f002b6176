import { expect, test } from "vitest";
import { outcomeOfSuite } from "./vitest-suite.ts";

const result = (status: string, duration = 1) => ({ fullName: `a test that ${status}`, status, duration });
const file = (status: string, ...assertionResults: ReturnType<typeof result>[]) => ({
  testResults: [{ name: "a.test.ts", status, assertionResults }],
});

test("passed and failed tests are counted one by one", () => {
  const report = file("failed", result("passed"), result("passed"), result("failed"));
  expect(outcomeOfSuite(report, 1, false)).toMatchObject({ passed: 2, failed: 1 });
});

test("a skipped test is named on a user's machine and fails in CI", () => {
  const report = file("passed", result("passed"), result("skipped"));
  expect(outcomeOfSuite(report, 0, false)).toMatchObject({
    passed: 1,
    failed: 0,
    notes: ["skipped: a.test.ts › a test that skipped"],
  });
  expect(outcomeOfSuite(report, 0, true)).toMatchObject({ passed: 1, failed: 1 });
});

test("a file that could not be loaded is a failure", () => {
  expect(outcomeOfSuite(file("failed"), 1, false)).toMatchObject({ passed: 0, failed: 1 });
});

test("an error outside of any test is a failure", () => {
  expect(outcomeOfSuite(file("passed", result("passed")), 1, false)).toMatchObject({ passed: 1, failed: 1 });
});

test("slow tests are named", () => {
  const { notes } = outcomeOfSuite(file("passed", result("passed", 7_000)), 0, false);
  expect(notes).toEqual(["slow:    7.0 s a.test.ts › a test that passed"]);
});
