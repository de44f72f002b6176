import type { Checkpoint } from "#platform/log/checkpoints/checkpoint-store.ts";
import type { ConversationId } from "#platform/runtime/ids.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import type { MembershipView } from "../views/membership-view.ts";
import type { MessageView } from "../views/message-view.ts";
import type { StoredEvent } from "./history-store.ts";
import type { SentId, SentIdOwner } from "./idempotence-store.ts";

/** Rows that a stretch of one shard's log leads to. Each is whole: nothing is added to what is stored. */
export interface ProjectedRows {
  readonly conversations: readonly ConversationView[];
  readonly memberships: readonly MembershipView[];
  /** Roles that were set, by the event that set them: a user's conversations are found by them. */
  readonly roles: readonly Pick<MembershipView, "conversationId" | "userId" | "role" | "position" | "incarnation">[];
  readonly messages: readonly MessageView[];
  readonly events: readonly (StoredEvent & { readonly conversationId: ConversationId; readonly incarnation: number })[];
  readonly deletions: readonly { readonly conversationId: ConversationId; readonly targetSeq: number }[];
  readonly sentIds: readonly (SentId & SentIdOwner)[];
}

/**
 * Where the projector writes. Rows first, then the checkpoint, or both at once. A row that is older than the stored one
 * changes nothing, so that a stretch may be applied again, late, or by two projectors.
 */
export interface ProjectionStore {
  apply(shard: number, rows: ProjectedRows, checkpoint: Checkpoint): Promise<void>;
  /** Absent where what was applied is durable. */
  readonly settling?: Settling;
}

/**
 * Of a store whose machines acknowledge what they have yet to make durable. What they lose with their power is written
 * again: all above the settled checkpoint, whenever a projector takes a shard or a machine has come back.
 */
export interface Settling {
  /** The last checkpoint below which nothing can be lost any more; undefined before there is one. */
  settled(shard: number): Promise<Checkpoint | undefined>;
  /** Calls the listener whenever a machine has come back. Returns what ends it. */
  onReturn(listener: () => void): () => void;
}

/** Whose checkpoints are the settled ones: the log keeps what may have to be written again. */
export const settledName = "projector, settled";

/** Name of the projector among the consumers of the log. */
export const projectorName = "projector";
