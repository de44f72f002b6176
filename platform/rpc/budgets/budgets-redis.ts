import type { RedisEngine } from "#platform/engines/redis.ts";
import { type BudgetName, type Budgets, createBudget } from "../budgets.ts";
import { createCheckedBudget } from "./checked-budget-redis.ts";
import { createGatheredBudget, type GatheredBudget } from "./gathered-budget-redis.ts";

/**
 * Part of a budget that each process admits by itself while Redis is away. 1: open, nobody notices, and n processes admit
 * n times as much. Less: nearer to closed. It is never 0, since nobody could log in then.
 */
export const partsAlone: Record<Exclude<BudgetName, "calls">, number> = {
  // What an address can do to people who do not know of it.
  register: 1 / 4,
  logIn: 1 / 2,
  logInOf: 1 / 2,
  // What a user who is known does.
  search: 1,
  refresh: 1,
};

/** How long a call waits for Redis to decide; then its process decides alone. */
export const defaultDecideMs = 50;

/** Budgets that all processes of an installation share. */
export function createRedisBudgets(redis: RedisEngine, decideMs: number = defaultDecideMs): Budgets {
  const gathered: GatheredBudget[] = [];
  return {
    create(name, calls, windowMs) {
      if (calls === 0) return createBudget(0, windowMs);
      if (name !== "calls") {
        return createCheckedBudget({ redis, name, calls, windowMs, partAlone: partsAlone[name], decideMs });
      }
      const budget = createGatheredBudget(redis, name, calls, windowMs);
      gathered.push(budget);
      return budget;
    },
    close() {
      for (const budget of gathered) budget.close();
    },
  };
}
