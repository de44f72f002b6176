import { expect, test } from "vitest";
import { GroupSpacing, maxSpacingMs } from "./group-spacing.ts";

test("what comes first, or after some silence, does not wait", () => {
  const spacing = new GroupSpacing();
  expect(spacing.waitMs(0)).toBe(0);
  spacing.appended(100, 104, true);
  expect(spacing.waitMs(112)).toBe(0);
  expect(spacing.waitMs(5_000)).toBe(0);
});

test("a group waits until three times of what the append before took has passed since it began", () => {
  const spacing = new GroupSpacing();
  spacing.appended(100, 104, true);
  expect(spacing.waitMs(104)).toBe(8);
  expect(spacing.waitMs(110)).toBe(2);
});

test("no group waits long, however long the append before it took", () => {
  const spacing = new GroupSpacing();
  spacing.appended(100, 108, true);
  expect(spacing.waitMs(108)).toBe(maxSpacingMs - 8);
  spacing.appended(100, 1_000, true);
  expect(spacing.waitMs(1_000)).toBe(0);
});

test("who sends alone does not wait", () => {
  const spacing = new GroupSpacing();
  spacing.appended(100, 104, true);
  spacing.appended(112, 116, false);
  expect(spacing.waitMs(116)).toBe(0);
});

test("a log that answers at once makes nobody wait", () => {
  const spacing = new GroupSpacing();
  spacing.appended(100, 100.3, true);
  expect(spacing.waitMs(100.3)).toBe(0);
});
