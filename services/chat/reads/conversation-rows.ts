import { LRUCache } from "lru-cache";
import type { Following } from "#platform/log/following.ts";
import { type ConversationId, shardOf } from "#platform/runtime/ids.ts";
import { chatErrors } from "../errors.ts";
import type { ConversationStore } from "../stores/conversation-store.ts";
import { applyToConversation, type ConversationView } from "../views/conversation-view.ts";

/** How long to wait until this process has followed what it finds in the store. */
const behindMs = 2_000;
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
 *
 * Nor is it newer. The rows of a stretch are not written at once: what another process is writing to the store is told
 * only when it was followed here too, so that whoever reads on up to the head finds every event and every membership
 * complete. Throws NOT_YET where that takes too long.
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
      if (view && !(await isFollowed(following, view))) throw chatErrors.NOT_YET();
      const tail = following.ofConversation(id, row.watermark);
      const isNewest = row.watermark === following.watermark(shard);
      if (following.ringStart(shard) <= row.watermark + 1 && (isNewest || tail.length <= maxFolded)) {
        return tail.reduce<ConversationView | undefined>(applyToConversation, view);
      }
      if (rows.peek(id) === row) rows.delete(id);
    }
  };
}

/** Nothing more is followed of a shard that is stopped: what the store holds of it is all there is. */
async function isFollowed(following: Following, view: ConversationView): Promise<boolean> {
  const shard = shardOf(view.conversationId);
  if (view.incarnation < following.incarnation(shard)) return true;
  return (await following.reached(shard, view.position, behindMs)) || following.stopped(shard) !== undefined;
}
