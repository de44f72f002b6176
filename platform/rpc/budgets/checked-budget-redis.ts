import { RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { RedisEngine } from "#platform/engines/redis.ts";
import type { Budget } from "../budgets.ts";
import { createCounts, refusal } from "./counts.ts";

export interface CheckedBudgetOptions {
  readonly redis: RedisEngine;
  readonly name: string;
  readonly calls: number;
  readonly windowMs: number;
  /** Part of `calls` that this process admits by itself while Redis does not answer. */
  readonly partAlone: number;
  /** How long a call waits for Redis to decide; then this process decides alone. */
  readonly decideMs: number;
}

/**
 * A budget that every process asks Redis about at each call: exact. This process counts along. Who spent the budget here
 * is refused without asking, so that a Redis which forgot everything gives nobody more than the budget of each process.
 */
export function createCheckedBudget(options: CheckedBudgetOptions): Budget {
  const { redis, name, calls, windowMs, partAlone, decideMs } = options;
  const own = createCounts(windowMs);
  const callsAlone = Math.ceil(calls * partAlone);
  const shared = new RateLimiterRedis({
    storeClient: redis.client,
    keyPrefix: `limit:${name}`,
    points: calls,
    duration: windowMs / 1000,
    rejectIfRedisNotReady: true,
  });
  return {
    async charge(key) {
      const { count, endsInMs } = await own.add(key);
      if (count > calls) throw refusal(endsInMs);
      const answer = await answerWithin(decideMs, shared.consume(key));
      if (!answer && count > callsAlone) throw refusal(endsInMs);
      if (answer && answer.consumedPoints > calls) throw refusal(answer.msBeforeNext);
    },
  };
}

/** What Redis says; undefined where it says nothing in time. A limiter rejects with its result where there is none left. */
async function answerWithin(ms: number, asked: Promise<RateLimiterRes>): Promise<RateLimiterRes | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  // What came while this process stood still is read first.
  const timer = setTimeout(() => setImmediate(resolve, undefined), ms);
  const answer = asked.catch((error: unknown) => (error instanceof RateLimiterRes ? error : undefined));
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
