import { expect, test } from "vitest";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { failureOf } from "#platform/testing/failure.ts";
import { until } from "#platform/testing/until.ts";
import type { BudgetName, Budgets } from "../budgets.ts";

export const budgetNames: readonly BudgetName[] = ["calls", "register", "logIn", "logInOf", "search", "refresh"];

/** What holds of every engine that budgets are counted in. */
export function describeBudgets(engine: string, open: () => Promise<Budgets>): void {
  test.each(budgetNames)(
    `${engine}: a key that spent its %s is told how long to wait; others are not`,
    async (name) => {
      const budget = (await open()).create(name, 3, 60_000);
      for (let count = 0; count < 3; count++) await budget.charge("marvin");
      const { reason, retryAfterMs } = await failureOf(budget.charge("marvin"));
      expect(reason).toBe(PlatformErrorReason.RATE_LIMITED);
      expect(retryAfterMs).toBeGreaterThan(50_000);
      expect(retryAfterMs).toBeLessThanOrEqual(60_000);
      await budget.charge("trillian");
    },
  );

  test(`${engine}: budgets of different names keep apart`, async () => {
    const budgets = await open();
    for (const name of budgetNames) await budgets.create(name, 1, 60_000).charge("marvin");
  });

  test(`${engine}: 0 calls is no limit`, async () => {
    const budgets = await open();
    for (const name of budgetNames) {
      const budget = budgets.create(name, 0, 60_000);
      for (let count = 0; count < 100; count++) await budget.charge("marvin");
    }
  });

  test.each(["calls", "logIn"] as const)(
    `${engine}: a new window begins when the last one ended, for %s`,
    async (name) => {
      const budget = (await open()).create(name, 1, 1_000);
      await budget.charge("marvin");
      await expect(budget.charge("marvin")).rejects.toThrow();
      await until(() => budget.charge("marvin").then(() => "", String));
      await expect(budget.charge("marvin")).rejects.toThrow();
    },
  );
}
