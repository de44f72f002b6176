import type { UserId } from "#platform/runtime/ids.ts";
import { createCounts, maxCountedKeys, refusal } from "./budgets/counts.ts";

/** Calls that each key may make within a window. */
export interface Budget {
  /** Charges one call. Throws RATE_LIMITED, with the time to wait, where the key has none left. */
  charge(key: string): Promise<void>;
}

/**
 * What is limited. `calls`: of a user, of every kind. `register`, `logIn`: of an address. `logInOf`: log-ins for one
 * person from anywhere. `search`: of a user. `refresh`: of a session.
 */
export type BudgetName = "calls" | "register" | "logIn" | "logInOf" | "search" | "refresh";

/** Makes budgets. Where processes share an engine, those of the same name are one budget in all of them. */
export interface Budgets {
  /**
   * `calls` in each window of `windowMs`; a key's window begins with its first call after the last one ended, so around an
   * end twice as many may come close together. 0 calls: no limit.
   */
  create(name: BudgetName, calls: number, windowMs: number): Budget;
  /** Ends what goes on in the background. Closing twice is harmless. */
  close(): void;
}

export const minuteMs = 60_000;

/** The key of a user in a budget. */
export function userKey(userId: UserId): string {
  return `user ${userId}`;
}

/** A budget of this process alone. */
export function createBudget(calls: number, windowMs: number, maxKeys: number = maxCountedKeys): Budget {
  if (calls === 0) return { charge: async () => {} };
  const counts = createCounts(windowMs, maxKeys);
  return {
    async charge(key) {
      const { count, endsInMs } = await counts.add(key);
      if (count > calls) throw refusal(endsInMs);
    },
  };
}

/** Budgets of this process alone. */
export function createMemoryBudgets(): Budgets {
  return { create: (_name, calls, windowMs) => createBudget(calls, windowMs), close() {} };
}
