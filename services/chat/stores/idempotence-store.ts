import type { ClientId, ConversationId, DeviceId, UserId } from "#platform/runtime/ids.ts";

/** What a committed client id led to. */
export interface SentId {
  readonly clientId: ClientId;
  readonly seq: number;
  readonly messageCount: number;
  readonly timeMs: number;
  readonly contentHash: Uint8Array;
}

/** Whose client ids: one user's device in one conversation. */
export interface SentIdOwner {
  readonly conversationId: ConversationId;
  readonly userId: UserId;
  readonly deviceId: DeviceId;
}

/** Committed client ids, kept as long as the conversation, and the rows that make creations unique. */
export interface IdempotenceStore {
  /** The `limit` largest ids, the largest first; true up to the watermark. */
  largest(owner: SentIdOwner, limit: number): Promise<SentId[]>;
  find(owner: SentIdOwner, clientId: ClientId): Promise<SentId | undefined>;
  /**
   * Takes the row of a creation for `conversationId`. Whoever finds it taken gets the id and the content hash that it
   * was taken with. Conditional: of many callers one takes it.
   */
  claimCreation(creation: Creation): Promise<Creation>;
  /** Takes the row of a pair, in whichever order the two are given; returns the id that holds it. */
  claimPair(users: readonly [UserId, UserId], conversationId: ConversationId): Promise<ConversationId>;
}

export interface Creation {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly clientId: ClientId;
  readonly conversationId: ConversationId;
  readonly contentHash: Uint8Array;
}
