import type { CqlRow, CqlSession } from "#platform/engines/cql.ts";
import type { MessageView } from "../views/message-view.ts";
import { bucketsOf } from "./buckets.ts";
import { eventsPerBucket, type HistoryStore, messagesPerBucket, type StoredEvent } from "./history-store.ts";
import { blob, messageColumns, messageFrom } from "./rows.ts";

const eventCql = `SELECT seq, event, position FROM event
  WHERE conversation_id = ? AND bucket = ? AND seq >= ? AND seq <= ? LIMIT ?`;
const messageCql = (direction: "ASC" | "DESC") => `SELECT ${messageColumns} FROM message
  WHERE conversation_id = ? AND bucket = ? AND message_count >= ? AND message_count <= ?
  ORDER BY message_count ${direction} LIMIT ?`;
const deletionCql = `SELECT target_seq FROM deletion
  WHERE conversation_id = ? AND target_seq > ? AND target_seq <= ? LIMIT ?`;

/** Reads a bucket at a time, and none beyond the limit. A row without bytes is no event and no message. */
export function createCqlHistory(session: CqlSession): HistoryStore {
  return {
    async events(id, from, to, limit) {
      const found: StoredEvent[] = [];
      for (const bucket of bucketsOf(from, to, eventsPerBucket)) {
        if (found.length >= limit) break;
        const rows = await session.query(eventCql, id, bucket, from, to, limit - found.length);
        for (const row of rows.filter(({ event }) => event !== null)) {
          found.push({ seq: Number(row.seq), event: blob(row.event), position: Number(row.position) });
        }
      }
      return found;
    },
    async messages(id, from, to, order, limit) {
      const found: MessageView[] = [];
      const buckets = bucketsOf(from, to, messagesPerBucket);
      const cql = messageCql(order === "rising" ? "ASC" : "DESC");
      for (const bucket of order === "rising" ? buckets : buckets.reverse()) {
        if (found.length >= limit) break;
        const rows = await session.query(cql, id, bucket, from, to, limit - found.length);
        found.push(...rows.filter(isMessage).map(messageFrom));
      }
      return found;
    },
    async message(id, messageCount) {
      const bucket = Math.floor(messageCount / messagesPerBucket);
      const row = await session.get(messageCql("ASC"), id, bucket, messageCount, messageCount, 1);
      return row && isMessage(row) ? messageFrom(row) : undefined;
    },
    async deletedSeqs(id, from, to, limit) {
      const seqs: number[] = [];
      if (limit <= 0) return seqs;
      for await (const row of session.rows(deletionCql, id, from, to, limit)) seqs.push(Number(row.target_seq));
      return seqs;
    },
  };
}

const isMessage = (row: CqlRow) => row.posted !== null;
