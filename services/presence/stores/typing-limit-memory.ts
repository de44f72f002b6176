import { LRUCache } from "lru-cache";
import type { Clock } from "#platform/runtime/clock.ts";
import { type TypingLimit, typingIntervalMs, typingTtlMs } from "./typing-limit.ts";

/** Pairs of user and conversation that are remembered. */
const maxPairs = 100_000;

/** Typing within one process. */
export function createMemoryTypingLimit(clock: Clock): TypingLimit {
  const delivered = new LRUCache<string, { startedAt: number; ended: boolean }>({ max: maxPairs });
  return {
    async admit(userId, conversationId, typing) {
      const key = `${userId} ${conversationId}`;
      const last = delivered.get(key);
      const age = last ? clock() - last.startedAt : Number.POSITIVE_INFINITY;
      if (typing) {
        if (age < typingIntervalMs) return false;
        delivered.set(key, { startedAt: clock(), ended: false });
        return true;
      }
      if (!last || last.ended || age >= typingTtlMs) return false;
      delivered.set(key, { ...last, ended: true });
      return true;
    },
  };
}
