import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import type { MembershipView } from "../views/membership-view.ts";

/**
 * Conversations and memberships as the projector wrote them: true up to the watermark of their shard. Each row carries
 * the position last applied, so that a reader can fold the events above it. Absent rows are left out of lists.
 */
export interface ConversationStore {
  conversation(id: ConversationId): Promise<ConversationView | undefined>;
  /** A list of keys; order of the result is not that of the keys. */
  conversations(ids: readonly ConversationId[]): Promise<ConversationView[]>;
  membership(id: ConversationId, user: UserId): Promise<MembershipView | undefined>;
  memberships(id: ConversationId, users: readonly UserId[]): Promise<MembershipView[]>;
  /** Present members above `after` (empty: from the first) in the order of their ids. */
  members(id: ConversationId, after: string, limit: number): Promise<MembershipView[]>;
  /** Every conversation that the user is or was in. */
  conversationsOf(user: UserId): Promise<ConversationId[]>;
}
