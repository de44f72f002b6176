import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { MessageView } from "../views/message-view.ts";
import { bucketsOf } from "./buckets.ts";
import { eventsPerBucket, type HistoryStore, messagesPerBucket, type StoredEvent } from "./history-store.ts";
import { blob, messageColumns, messageFrom } from "./rows.ts";

export function createSqliteHistory(db: SqliteDatabase): HistoryStore {
  const eventSql = `SELECT seq, event, position FROM event
    WHERE conversation_id = ? AND bucket = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?`;
  const messageSql = (direction: "ASC" | "DESC") => `SELECT ${messageColumns} FROM message
    WHERE conversation_id = ? AND bucket = ? AND message_count BETWEEN ? AND ?
    ORDER BY message_count ${direction} LIMIT ?`;
  return {
    async events(id, from, to, limit) {
      const found: StoredEvent[] = [];
      for (const bucket of bucketsOf(from, to, eventsPerBucket)) {
        if (found.length >= limit) break;
        const rows = db.query(eventSql, id, bucket, from, to, limit - found.length);
        for (const row of rows) {
          found.push({ seq: Number(row.seq), event: blob(row.event), position: Number(row.position) });
        }
      }
      return found;
    },
    async messages(id, from, to, order, limit) {
      const found: MessageView[] = [];
      const range = bucketsOf(from, to, messagesPerBucket);
      const sql = messageSql(order === "rising" ? "ASC" : "DESC");
      for (const bucket of order === "rising" ? range : range.reverse()) {
        if (found.length >= limit) break;
        found.push(...db.query(sql, id, bucket, from, to, limit - found.length).map(messageFrom));
      }
      return found;
    },
    async message(id, messageCount) {
      const bucket = Math.floor(messageCount / messagesPerBucket);
      const [row] = db.query(messageSql("ASC"), id, bucket, messageCount, messageCount, 1);
      return row && messageFrom(row);
    },
    async deletedSeqs(id, from, to, limit) {
      const sql = `SELECT target_seq FROM deletion WHERE conversation_id = ? AND target_seq > ? AND target_seq <= ?
        ORDER BY target_seq LIMIT ?`;
      return db.query(sql, id, from, to, limit).map((row) => Number(row.target_seq));
    },
  };
}
