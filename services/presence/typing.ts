import { LRUCache } from "lru-cache";
import type { Clock } from "#platform/runtime/clock.ts";
import type { ConversationId, UserId } from "#platform/runtime/ids.ts";

/** Typing is delivered at most this often for one user in one conversation. */
export const typingIntervalMs = 3_000;
/** Typing ends by itself after this time. */
export const typingTtlMs = 6_000;
/** Pairs of user and conversation that are remembered. */
const maxPairs = 100_000;

/** Decides which calls of SetTyping are delivered. */
export interface TypingLimit {
  /**
   * Whether this one is: the start of typing once per interval, its end where a start was delivered that has neither
   * been ended nor ended by itself.
   */
  admit(userId: UserId, conversationId: ConversationId, typing: boolean): boolean;
}

export function createTypingLimit(clock: Clock): TypingLimit {
  const delivered = new LRUCache<string, { startedAt: number; ended: boolean }>({ max: maxPairs });
  return {
    admit(userId, conversationId, typing) {
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
