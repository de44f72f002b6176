import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import type { Creation, IdempotenceStore } from "./idempotence-store.ts";
import { blob, sentIdFrom } from "./rows.ts";

const ownerSql = "SELECT * FROM sent_id WHERE conversation_id = ? AND user_id = ? AND device_id = ?";

export function createSqliteIdempotence(db: SqliteDatabase): IdempotenceStore {
  return {
    async largest(owner, limit) {
      const sql = `${ownerSql} ORDER BY client_id DESC LIMIT ?`;
      return db.query(sql, owner.conversationId, owner.userId, owner.deviceId, limit).map(sentIdFrom);
    },
    async find(owner, clientId) {
      const sql = `${ownerSql} AND client_id = ?`;
      const row = db.get(sql, owner.conversationId, owner.userId, owner.deviceId, clientId);
      return row && sentIdFrom(row);
    },
    async claimCreation(creation: Creation) {
      const key = [creation.userId, creation.deviceId, creation.clientId];
      await db.write([
        {
          sql: `INSERT INTO creation (user_id, device_id, client_id, conversation_id, content_hash)
            VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
          params: [...key, creation.conversationId, creation.contentHash],
        },
      ]);
      const row = db.get("SELECT * FROM creation WHERE user_id = ? AND device_id = ? AND client_id = ?", ...key);
      return {
        ...creation,
        conversationId: conversationId(String(row?.conversation_id)),
        contentHash: blob(row?.content_hash),
      };
    },
    async claimPair(users, id) {
      const key = [...users].sort();
      await db.write([
        {
          sql: `INSERT INTO direct_pair (low_user_id, high_user_id, conversation_id) VALUES (?, ?, ?)
            ON CONFLICT DO NOTHING`,
          params: [...key, id],
        },
      ]);
      const row = db.get("SELECT * FROM direct_pair WHERE low_user_id = ? AND high_user_id = ?", ...key);
      return conversationId(String(row?.conversation_id));
    },
  };
}
