import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { userId } from "#platform/runtime/ids.ts";
import { mediaId } from "../media-id.ts";
import { readBytes, readDescription } from "./file-columns.ts";
import { bucketOf, buckets, type UploadStore } from "./upload-store.ts";

export function createSqliteUploadStore(db: SqliteDatabase): UploadStore {
  const store: UploadStore = {
    async readClaim({ userId, deviceId, clientId }) {
      const sql = "SELECT * FROM upload_claim WHERE user_id = ? AND device_id = ? AND client_id = ?";
      const row = db.get(sql, userId, deviceId, clientId);
      return row && { id: mediaId(String(row.media_id)), contentHash: readBytes(row.content_hash) };
    },
    async claim(key, claim) {
      const sql = `INSERT INTO upload_claim (user_id, device_id, client_id, media_id, content_hash)
        VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
      await db.write([{ sql, params: [key.userId, key.deviceId, key.clientId, claim.id, claim.contentHash] }]);
      return (await store.readClaim(key)) ?? claim;
    },
    async create(upload) {
      const { id, userId, createdAt, conversationId, fileName, contentType, size, sha256 } = upload;
      const byAge = `INSERT INTO upload_by_age (bucket, created_at, media_id, user_id)
        VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`;
      await db.write([{ sql: byAge, params: [bucketOf(id), createdAt, id, userId] }]);
      const own = `INSERT INTO upload (user_id, media_id, conversation_id, file_name, content_type, size, sha256,
        created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
      const params = [userId, id, conversationId, fileName, contentType, size, sha256, createdAt];
      await db.write([{ sql: own, params }]);
    },
    async read(user, id) {
      const row = db.get("SELECT * FROM upload WHERE user_id = ? AND media_id = ?", user, id);
      return row && { ...readDescription(row), id, userId: user, createdAt: Number(row.created_at) };
    },
    async count(user) {
      return Number(db.get("SELECT count(*) AS n FROM upload WHERE user_id = ?", user)?.n ?? 0);
    },
    async listCreatedBefore(time, limit) {
      const sql = `SELECT * FROM upload_by_age WHERE bucket = ? AND created_at < ?
        ORDER BY created_at, media_id LIMIT ?`;
      const rows = buckets.flatMap((bucket) => db.query(sql, bucket, time, limit));
      return rows.slice(0, limit).map((row) => ({
        id: mediaId(String(row.media_id)),
        userId: userId(String(row.user_id)),
        createdAt: Number(row.created_at),
      }));
    },
    async remove({ id, userId, createdAt }) {
      await db.write([{ sql: "DELETE FROM upload WHERE user_id = ? AND media_id = ?", params: [userId, id] }]);
      const byAge = "DELETE FROM upload_by_age WHERE bucket = ? AND created_at = ? AND media_id = ?";
      await db.write([{ sql: byAge, params: [bucketOf(id), createdAt, id] }]);
    },
  };
  return store;
}
