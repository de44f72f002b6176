import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { userId } from "#platform/runtime/ids.ts";
import { mediaId } from "../media-id.ts";
import { readDescription } from "./file-columns.ts";
import type { MediaStore } from "./media-store.ts";

export function createSqliteMediaStore(db: SqliteDatabase): MediaStore {
  const store: MediaStore = {
    async create(media) {
      const sql = `INSERT INTO media (media_id, conversation_id, uploader_id, file_name, content_type, size, sha256,
        completed_at, completed_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
      const { id, conversationId, uploaderId, fileName, contentType, size, sha256 } = media;
      const params = [id, conversationId, uploaderId, fileName, contentType, size, sha256];
      await db.write([{ sql, params: [...params, media.completedAt, media.completedSeq] }]);
      return (await store.read(id)) ?? media;
    },
    async read(id) {
      const row = db.get("SELECT * FROM media WHERE media_id = ?", id);
      if (!row) return undefined;
      return {
        ...readDescription(row),
        id: mediaId(String(row.media_id)),
        uploaderId: userId(String(row.uploader_id)),
        completedAt: Number(row.completed_at),
        completedSeq: Number(row.completed_seq),
      };
    },
  };
  return store;
}
