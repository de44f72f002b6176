import { expect, test } from "vitest";
import { describeFigure, meetsGoal, percentile } from "./figure.ts";

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
