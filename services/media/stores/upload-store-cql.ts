import type { CqlSession } from "#platform/engines/cql.ts";
import { userId } from "#platform/runtime/ids.ts";
import { mediaId } from "../media-id.ts";
import { readBytes, readDescription } from "./file-columns.ts";
import { bucketOf, buckets, type UploadStore } from "./upload-store.ts";

const claimCql = "SELECT * FROM upload_claim WHERE user_id = ? AND device_id = ? AND client_id = ?";
const insertClaimCql = `INSERT INTO upload_claim (user_id, device_id, client_id, media_id, content_hash)
  VALUES (?, ?, ?, ?, ?) IF NOT EXISTS`;
const uploadCql = "SELECT * FROM upload WHERE user_id = ? AND media_id = ?";
const insertUploadCql = `INSERT INTO upload (user_id, media_id, conversation_id, file_name, content_type, size, sha256,
  created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS`;
const oldCql = `SELECT * FROM upload_by_age WHERE bucket = ? AND created_at < ?
  ORDER BY created_at, media_id LIMIT ?`;

export function createCqlUploadStore(session: CqlSession): UploadStore {
  const store: UploadStore = {
    async readClaim({ userId, deviceId, clientId }) {
      const row = await session.get(claimCql, userId, deviceId, clientId);
      return row && { id: mediaId(String(row.media_id)), contentHash: readBytes(row.content_hash) };
    },
    async claim({ userId, deviceId, clientId }, claim) {
      const key = [userId, deviceId, clientId];
      const { row } = await session.conditional({
        write: { cql: insertClaimCql, params: [...key, claim.id, claim.contentHash] },
        read: { cql: claimCql, params: key },
        isWritten: (row) => row?.media_id === claim.id,
      });
      return row ? { id: mediaId(String(row.media_id)), contentHash: readBytes(row.content_hash) } : claim;
    },
    async create(upload) {
      const { id, userId, createdAt, conversationId, fileName, contentType, size, sha256 } = upload;
      const byAge = "INSERT INTO upload_by_age (bucket, created_at, media_id, user_id) VALUES (?, ?, ?, ?)";
      await session.write(byAge, bucketOf(id), createdAt, id, userId);
      const file = [userId, id, conversationId, fileName, contentType, size, sha256, createdAt];
      await session.conditional({
        write: { cql: insertUploadCql, params: file },
        read: { cql: uploadCql, params: [userId, id] },
        isWritten: (row) => row !== undefined,
      });
    },
    async read(user, id) {
      const row = await session.get(uploadCql, user, id);
      return row && { ...readDescription(row), id, userId: user, createdAt: Number(row.created_at) };
    },
    async count(user) {
      return Number((await session.get("SELECT count(*) AS n FROM upload WHERE user_id = ?", user))?.n ?? 0);
    },
    async listCreatedBefore(time, limit) {
      const found = await Promise.all(buckets.map((bucket) => session.query(oldCql, bucket, time, limit)));
      return found
        .flat()
        .slice(0, limit)
        .map((row) => ({
          id: mediaId(String(row.media_id)),
          userId: userId(String(row.user_id)),
          createdAt: Number(row.created_at),
        }));
    },
    async remove({ id, userId, createdAt }) {
      await session.conditional({
        write: { cql: "DELETE FROM upload WHERE user_id = ? AND media_id = ? IF EXISTS", params: [userId, id] },
        read: { cql: uploadCql, params: [userId, id] },
        isWritten: (row) => row === undefined,
      });
      const byAge = "DELETE FROM upload_by_age WHERE bucket = ? AND created_at = ? AND media_id = ?";
      await session.write(byAge, bucketOf(id), createdAt, id);
    },
  };
  return store;
}
