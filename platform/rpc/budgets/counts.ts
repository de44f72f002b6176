import { RateLimiterMemory } from "rate-limiter-flexible";
import { platformErrors } from "../errors.ts";

/** Most keys that one budget counts in a process; beyond it the longest unused starts afresh. */
export const maxCountedKeys = 100_000;

export interface Count {
  /** Calls in the window, this one included. */
  readonly count: number;
  readonly endsInMs: number;
}

/** Calls of each key within its window, as this process alone has seen them. */
export interface Counts {
  add(key: string): Promise<Count>;
}

export function createCounts(windowMs: number, maxKeys: number = maxCountedKeys): Counts {
  const limiter = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: windowMs / 1000 });
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
    async add(key) {
      touch(key);
      const { consumedPoints, msBeforeNext } = await limiter.consume(key);
      return { count: consumedPoints, endsInMs: msBeforeNext };
    },
  };
}

export function refusal(endsInMs: number): Error {
  return platformErrors.RATE_LIMITED({ retryAfterMs: Math.max(1, Math.ceil(endsInMs)) });
}
