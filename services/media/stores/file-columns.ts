import type { SqlRow } from "#platform/engines/sqlite.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import type { FileDescription } from "./media-store.ts";

/** The columns that uploads and complete files share. */
export function readDescription(row: SqlRow): FileDescription {
  return {
    conversationId: conversationId(String(row.conversation_id)),
    fileName: String(row.file_name),
    contentType: String(row.content_type),
    size: Number(row.size),
    sha256: readBytes(row.sha256),
  };
}

export function readBytes(value: SqlRow[string] | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}
