import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import type { Point } from "../views/unread.ts";

export interface StoredMark {
  readonly conversationId: ConversationId;
  readonly userId: UserId;
  readonly read: Point;
  readonly deliveredSeq: number;
}

/** Read and delivered marks. Writing is a maximum, field by field: late and repeated writes change nothing. */
export interface MarkStore {
  mark(id: ConversationId, user: UserId): Promise<StoredMark | undefined>;
  /** Marks of the named users in one conversation; those who have none are left out. */
  marks(id: ConversationId, users: readonly UserId[]): Promise<StoredMark[]>;
  /** Raises the marks and returns them as they are now. Durable when it resolves. */
  raise(mark: StoredMark, nowMs: number): Promise<StoredMark>;
  /** The user's own marks that were raised at or after `sinceMs`. */
  changedSince(user: UserId, sinceMs: number): Promise<StoredMark[]>;
}
