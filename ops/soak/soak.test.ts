import { expect, test } from "vitest";
import { runSoak } from "./run-soak.ts";
import { leftBehind } from "./verdicts.ts";

test("clients of all kinds, honest and not, leave nothing behind, and nobody misses anything", {
  timeout: 180_000,
}, async () => {
  const result = await runSoak({ rounds: 2, roundMs: 5_000, clients: 12, seed: 7 });
  const verdicts = leftBehind(result);
  expect(verdicts.filter(({ holds }) => !holds)).toEqual([]);
  expect(result.watchers.map(({ latencies }) => latencies.length)).not.toContain(0);
  expect(result.watchers.some(({ resumes }) => resumes > 0)).toBe(true);
});
