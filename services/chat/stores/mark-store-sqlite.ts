import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { type ConversationId, conversationId, type UserId } from "#platform/runtime/ids.ts";
import type { MarkStore } from "./mark-store.ts";
import { markFrom } from "./rows.ts";

const raiseSql = `INSERT INTO mark (conversation_id, user_id, read_seq, read_count, delivered_seq, updated_ms)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT DO UPDATE SET
    read_count = CASE WHEN ?3 > read_seq THEN ?4 ELSE read_count END,
    read_seq = max(read_seq, ?3),
    delivered_seq = max(delivered_seq, ?5),
    updated_ms = max(updated_ms, ?6)
  WHERE ?3 > read_seq OR ?5 > delivered_seq`;
const raiseByUserSql = `INSERT INTO mark_by_user (user_id, conversation_id, updated_ms) VALUES (?1, ?2, ?3)
  ON CONFLICT DO UPDATE SET updated_ms = max(updated_ms, ?3)`;

export function createSqliteMarks(db: SqliteDatabase): MarkStore {
  const read = (id: ConversationId, user: UserId) => {
    const row = db.get("SELECT * FROM mark WHERE conversation_id = ? AND user_id = ?", id, user);
    return row && markFrom(id, row);
  };
  return {
    mark: async (id, user) => read(id, user),
    marks: async (id, users) => users.map((user) => read(id, user)).filter((mark) => mark !== undefined),
    async raise(mark, nowMs) {
      const { conversationId: id, userId: user } = mark;
      const before = read(id, user);
      if (before && mark.read.seq <= before.read.seq && mark.deliveredSeq <= before.deliveredSeq) return before;
      const params = [id, user, mark.read.seq, mark.read.count, mark.deliveredSeq, nowMs];
      // Two partitions, two writes: a crash between them leaves an index row without a newer mark, which is harmless.
      await db.write([{ sql: raiseByUserSql, params: [user, id, nowMs] }]);
      await db.write([{ sql: raiseSql, params }]);
      return read(id, user) ?? mark;
    },
    async changedSince(user, sinceMs) {
      const sql = "SELECT conversation_id FROM mark_by_user WHERE user_id = ? AND updated_ms >= ?";
      const ids = db.query(sql, user, sinceMs).map((row) => conversationId(String(row.conversation_id)));
      return ids.map((id) => read(id, user)).filter((mark) => mark !== undefined);
    },
  };
}
