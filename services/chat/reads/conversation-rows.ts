import { LRUCache } from "lru-cache";
import type { Following } from "#platform/log/following.ts";
import { type ConversationId, shardOf } from "#platform/runtime/ids.ts";
import type { ConversationStore } from "../stores/conversation-store.ts";
import { applyToConversation, type ConversationView } from "../views/conversation-view.ts";

/** Most rows that are kept, and most bytes of them. */
const maxRows = 10_000;
const maxBytes = 16 * 1024 * 1024;
/** What a row counts beside its last event. */
const rowBytes = 1024;
/** Where more was followed since a row was read, it is read again: folding would cost more. */
const maxFolded = 256;

interface Row {
  /** Read before the row: what was followed above it completes the row. */
  readonly watermark: number;
  readonly view: Promise<ConversationView | undefined>;
}

/**
 * Conversations as of the followed tail. A row is read once for all who ask, and again only where the ring no longer
 * has all that was followed since: it is never older than the tail.
 */
export function createConversationRows(store: Pick<ConversationStore, "conversation">, following: Following) {
  const rows = new LRUCache<ConversationId, Row>({ max: maxRows, maxSize: maxBytes });
  const read = (id: ConversationId): Row => {
    const row = { watermark: following.watermark(shardOf(id)), view: store.conversation(id) };
    rows.set(id, row, { size: rowBytes });
    const settle = (view?: ConversationView) => {
      if (rows.peek(id) !== row) return;
      if (view) rows.set(id, row, { size: rowBytes + view.lastEvent.length });
      else rows.delete(id);
    };
    row.view.then(settle, () => settle());
    return row;
  };
  return async (id: ConversationId): Promise<ConversationView | undefined> => {
    const shard = shardOf(id);
    for (;;) {
      const row = rows.get(id) ?? read(id);
      const view = await row.view;
      const tail = following.ofConversation(id, row.watermark);
      const isNewest = row.watermark === following.watermark(shard);
      if (following.ringStart(shard) <= row.watermark + 1 && (isNewest || tail.length <= maxFolded)) {
        return tail.reduce<ConversationView | undefined>(applyToConversation, view);
      }
      if (rows.peek(id) === row) rows.delete(id);
    }
  };
}
