import { describe, expect, test } from "vitest";
import { testWithTools } from "#platform/testing/tool.ts";
import { outcomeOf, runSuite, suiteRuns } from "./suite.ts";
import { addGoFolders } from "./tools.ts";

addGoFolders();

/** Thousands of cases, some of which wait for deadlines, on a machine that may be busy. */
const suiteMs = 300_000;

describe("the official suite of the Connect protocols", () => {
  for (const [name, run] of Object.entries(suiteRuns)) {
    testWithTools(
      ["connectconformance"],
      name,
      async () => expect((await runSuite(run)).failures).toEqual([]),
      suiteMs,
    );
  }
});

describe("what the runner prints", () => {
  test("failures are named, with what was wrong", () => {
    const output =
      "FAILED: A/b:\n\tone\n\ttwo\nFAILED: A/c was expected to fail but did not\n\nTotal cases: 4\n2 passed, 2 failed\n";
    const failures = ["A/b:\n\tone\n\ttwo", "A/c was expected to fail but did not"];
    expect(outcomeOf(output, "")).toEqual({ passed: 2, failures });
  });

  test("cases that were not run are failures", () => {
    const unrun = "Another 3 could not be run due to client timing out or exiting prematurely.";
    expect(outcomeOf(`Total cases: 4\n4 passed, 0 failed\n${unrun}\n`, "").failures).toEqual([unrun]);
    expect(outcomeOf("Total cases: 0\n0 passed, 0 failed\n", "").failures).toEqual(["no case passed"]);
  });

  test("a runner that breaks off is an error", () => {
    expect(() => outcomeOf("", "no such config")).toThrow("no such config");
  });
});
