import { expect, test } from "vitest";
import { createBudget } from "./budgets.ts";

const minuteMs = 60_000;

test("a key that spent its calls is told how long to wait; others are not affected", async () => {
  const budget = createBudget(2, minuteMs);
  await budget.charge("marvin");
  await budget.charge("marvin");
  await expect(budget.charge("marvin")).rejects.toMatchObject({ retryable: true });
  await budget.charge("trillian");
});

test("0 calls is no limit", async () => {
  const budget = createBudget(0, minuteMs);
  for (let count = 0; count < 100; count++) await budget.charge("marvin");
});

test("keys beyond the bound are forgotten, the longest unused first", async () => {
  const budget = createBudget(1, minuteMs, 2);
  for (const key of ["a", "b", "c"]) await budget.charge(key);
  await expect(budget.charge("c")).rejects.toThrow();
  await budget.charge("a");
});
