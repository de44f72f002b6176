import type { ConversationId } from "#platform/runtime/ids.ts";
import type { MessageView } from "../views/message-view.ts";

export interface StoredEvent {
  readonly seq: number;
  /** Encoded `parley.chat.v1.Event`, or its tombstone. */
  readonly event: Uint8Array;
  /** Of the log, in its incarnation. */
  readonly position: number;
}

/** Events by (conversation, `seq` / 1,000) and messages by (conversation, `message_count` / 500), up to the watermark. */
export interface HistoryStore {
  /** Events `from` to `to`, in order, at most `limit`. Reads the partitions that the range touches. */
  events(id: ConversationId, from: number, to: number, limit: number): Promise<StoredEvent[]>;
  /** Messages whose count is from `from` to `to`, at most `limit`: the first ones, or the last ones in falling order. */
  messages(
    id: ConversationId,
    from: number,
    to: number,
    order: "rising" | "falling",
    limit: number,
  ): Promise<MessageView[]>;
  message(id: ConversationId, messageCount: number): Promise<MessageView | undefined>;
  /** Deleted messages with `from` < `seq` <= `to`, the lowest `limit` of them. */
  deletedSeqs(id: ConversationId, from: number, to: number, limit: number): Promise<number[]>;
}

/** Events in one partition of the event table. */
export const eventsPerBucket = 1000;
/** Messages in one partition of the message table. */
export const messagesPerBucket = 500;
