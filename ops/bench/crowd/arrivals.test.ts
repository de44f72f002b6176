import { expect, test } from "vitest";
import { spreadOf } from "./arrivals.ts";

test("a message's spread is told over all processes", () => {
  const one = [[[105, 1] as const, [110, 2] as const]];
  const other = [[[103, 1] as const, [107, 3] as const], [[900, 1] as const]];
  expect(spreadOf([one, other], 0, 100)).toEqual({ count: 7, first: 3, median: 7, last: 10 });
  expect(spreadOf([one, other], 1, 890)).toEqual({ count: 1, first: 10, median: 10, last: 10 });
});

test("a message that nobody got has none", () => {
  expect(spreadOf([[], []], 0, 100)).toEqual({ count: 0, first: Number.NaN, median: Number.NaN, last: Number.NaN });
});
