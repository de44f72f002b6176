import type { ConversationId, UserId } from "#platform/runtime/ids.ts";

/** Typing is delivered at most this often for one user in one conversation. */
export const typingIntervalMs = 3_000;
/** Typing ends by itself after this time. */
export const typingTtlMs = 6_000;

/**
 * Decides which calls of SetTyping are delivered. Nothing here is promised: what was delivered may be forgotten. Each call
 * is atomic for its user and conversation, whichever process makes it.
 */
export interface TypingLimit {
  /**
   * Whether this one is: the start of typing once per interval, its end where a start was delivered that has neither
   * been ended nor ended by itself.
   */
  admit(userId: UserId, conversationId: ConversationId, typing: boolean): Promise<boolean>;
}
