import { Role } from "#gen/parley/chat/v1/events_pb.js";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import type { ConversationStore } from "./conversation-store.ts";
import { conversationColumns, conversationFrom, membershipColumns, membershipFrom } from "./rows.ts";

export function createSqliteConversations(db: SqliteDatabase): ConversationStore {
  const conversationSql = `SELECT ${conversationColumns} FROM conversation WHERE conversation_id = ?`;
  const membershipSql = `SELECT ${membershipColumns} FROM membership WHERE conversation_id = ? AND user_id = ?`;
  return {
    async conversation(id) {
      const row = db.get(conversationSql, id);
      return row && conversationFrom(row);
    },
    conversations: async (ids) => ids.flatMap((id) => db.query(conversationSql, id)).map(conversationFrom),
    async membership(id, user) {
      const row = db.get(membershipSql, id, user);
      return row && membershipFrom(row);
    },
    memberships: async (id, users) => users.flatMap((user) => db.query(membershipSql, id, user)).map(membershipFrom),
    async members(id, after, limit) {
      const sql = `SELECT ${membershipColumns} FROM membership WHERE conversation_id = ? AND user_id > ? AND role <> ?
        ORDER BY user_id LIMIT ?`;
      return db.query(sql, id, after, Role.UNSPECIFIED, limit).map(membershipFrom);
    },
    async conversationsOf(user) {
      const rows = db.query("SELECT conversation_id FROM membership_by_user WHERE user_id = ?", user);
      return rows.map((row) => conversationId(String(row.conversation_id)));
    },
  };
}
