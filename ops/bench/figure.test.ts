import { expect, test } from "vitest";
import { describeFigure, meetsGoal, percentile, sampled } from "./figure.ts";

test("percentiles are samples, the smallest that enough of them do not exceed", () => {
  const samples = [5, 1, 4, 2, 3];
  expect(percentile(samples, 0.5)).toBe(3);
  expect(percentile(samples, 0.99)).toBe(5);
  expect(percentile(samples, 0.2)).toBe(1);
});

test("a figure is told with its floors and its goal", () => {
  const figure = { name: "sends", unit: "/s", value: 500, floors: [{ name: "echo", value: 1000 }] };
  expect(describeFigure(figure)).toBe("  sends: 500 /s\n      0.50 × echo (1,000)");
  expect(meetsGoal(figure)).toBeUndefined();
  expect(describeFigure({ name: "p99", unit: "ms", value: 30, goal: { atMost: 25 } })).toContain("MISSED");
});

test("a goal may be a multiple of the first floor, and all of its parts must hold", () => {
  const floors = [
    { name: "bare", value: 2 },
    { name: "peer", value: 1 },
  ];
  const figure = (value: number) => ({ name: "x", unit: "µs", value, floors, goal: { atMost: 2.9, timesFloor: 1.6 } });
  expect([2.8, 3, 3.3].map((value) => meetsGoal(figure(value)))).toEqual([true, false, false]);
  expect(meetsGoal({ ...figure(3.3), goal: { atMost: 3.3, timesFloor: 1.6 } })).toBe(false);
  expect(describeFigure(figure(3))).toContain("(goal ≤ 1.6 × the first and ≤ 2.9: MISSED)");
});

test("a goal may be one to reach", () => {
  const floors = [{ name: "bare", value: 100 }];
  const figure = (value: number) => ({ name: "x", unit: "/s", value, floors, goal: { atLeast: 60, partOfFloor: 0.7 } });
  expect([60, 70, 80].map((value) => meetsGoal(figure(value)))).toEqual([false, true, true]);
  expect(meetsGoal({ ...figure(80), goal: { atLeast: 81 } })).toBe(false);
  expect(describeFigure(figure(70))).toContain("(goal ≥ 0.7 × the first and ≥ 60: met)");
  expect(describeFigure({ name: "lost", unit: "", value: 0, goal: { atMost: 0 } })).toContain("(goal ≤ 0: met)");
});

test("several samples are told by their median, with the smallest and the largest", () => {
  expect(sampled([4, 1, 9])).toEqual({ value: 4, spread: [1, 9] });
  expect(describeFigure({ name: "call", unit: "µs", ...sampled([120, 100, 150]) })).toBe(
    "  call: 120, of 100 to 150 µs",
  );
});
