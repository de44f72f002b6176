import { expect, test } from "vitest";
import { slopeOf } from "./slope.ts";

test("the slope of a line is found", () => {
  expect(
    slopeOf([
      [0, 5],
      [1, 7],
      [3, 11],
    ]),
  ).toBeCloseTo(2);
});

test("noise around a level has little slope", () => {
  expect(
    slopeOf([
      [0, 10],
      [1, 11],
      [2, 9],
      [3, 10],
    ]),
  ).toBeCloseTo(-0.2);
});

test("one point, or several at a time, have none", () => {
  expect(slopeOf([])).toBe(0);
  expect(slopeOf([[1, 1]])).toBe(0);
  expect(
    slopeOf([
      [1, 1],
      [1, 2],
    ]),
  ).toBe(0);
});
