import type { CqlRow, CqlSession } from "#platform/engines/cql.ts";
import { userId } from "#platform/runtime/ids.ts";
import { mediaId } from "../media-id.ts";
import { readDescription } from "./file-columns.ts";
import type { MediaStore, StoredMedia } from "./media-store.ts";

const selectCql = "SELECT * FROM media WHERE media_id = ?";
const insertCql = `INSERT INTO media (media_id, conversation_id, uploader_id, file_name, content_type, size, sha256,
  completed_at, completed_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS`;

export function createCqlMediaStore(session: CqlSession): MediaStore {
  return {
    async create(media) {
      const { id, conversationId, uploaderId, fileName, contentType, size, sha256 } = media;
      const file = [id, conversationId, uploaderId, fileName, contentType, size, sha256];
      const { row } = await session.conditional({
        write: { cql: insertCql, params: [...file, media.completedAt, media.completedSeq] },
        read: { cql: selectCql, params: [id] },
        isWritten: (row) => row?.completed_at === media.completedAt,
      });
      return row ? readMedia(row) : media;
    },
    async read(id) {
      const row = await session.get(selectCql, id);
      return row && readMedia(row);
    },
  };
}

function readMedia(row: CqlRow): StoredMedia {
  return {
    ...readDescription(row),
    id: mediaId(String(row.media_id)),
    uploaderId: userId(String(row.uploader_id)),
    completedAt: Number(row.completed_at),
    completedSeq: Number(row.completed_seq),
  };
}
