import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { UserId } from "#platform/runtime/ids.ts";
import { platformErrors } from "./errors.ts";

/** Calls that each key may make within a window. */
export interface Budget {
  /** Charges one call. Throws RATE_LIMITED, with the time to wait, where the key has none left. */
  charge(key: string): Promise<void>;
}

export const minuteMs = 60_000;

/** The key of a user in a budget. */
export function userKey(userId: UserId): string {
  return `user ${userId}`;
}

/** Most keys that a budget remembers; beyond it the longest unused starts afresh. */
export const maxBudgetKeys = 100_000;

/**
 * `calls` in each window of `windowMs`; a key's window begins with its first call after the last one ended, so around an
 * end twice as many may come close together. 0 calls: no limit.
 */
export function createBudget(calls: number, windowMs: number, maxKeys = maxBudgetKeys): Budget {
  if (calls === 0) return { charge: async () => {} };
  const limiter = new RateLimiterMemory({ points: calls, duration: windowMs / 1000 });
  /** In the order of their last use. */
  const keys = new Set<string>();
  const touch = (key: string) => {
    keys.delete(key);
    keys.add(key);
    const [oldest] = keys;
    if (keys.size <= maxKeys || oldest === undefined) return;
    keys.delete(oldest);
    void limiter.delete(oldest);
  };
  return {
    async charge(key) {
      touch(key);
      try {
        await limiter.consume(key);
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        throw platformErrors.RATE_LIMITED({ retryAfterMs: error.msBeforeNext });
      }
    },
  };
}
