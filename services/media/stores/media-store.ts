import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import type { MediaId } from "../media-id.ts";

/** What the uploader said of a file. */
export interface FileDescription {
  readonly conversationId: ConversationId;
  readonly fileName: string;
  readonly contentType: string;
  readonly size: number;
  readonly sha256: Uint8Array;
}

/** A file that is complete. */
export interface StoredMedia extends FileDescription {
  readonly id: MediaId;
  readonly uploaderId: UserId;
  /** In milliseconds. */
  readonly completedAt: number;
  /** `seq` of the conversation's last event when the file was completed: what mentions the file comes later. */
  readonly completedSeq: number;
}

/** Complete files. Partition: the file. A row is inserted once and never changed. */
export interface MediaStore {
  /** Inserts the row. Where there is one it stays; returns the row that stands. */
  create(media: StoredMedia): Promise<StoredMedia>;
  /** The file, or undefined where there is none that is complete. */
  read(id: MediaId): Promise<StoredMedia | undefined>;
}
