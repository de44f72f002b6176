import type { MediaId } from "../media-id.ts";

/** Largest part that `read` yields. */
export const maxPartBytes = 64 * 1024;

/** What there is of a file. */
export interface BlobState {
  /** Bytes; 0 where there is nothing. */
  readonly size: number;
  readonly sealed: boolean;
}

/**
 * The bytes of files. A file grows as a draft until it is sealed; from then on it never changes.
 *
 * A draft is not promised: it may end earlier after a crash, or in the middle of an append that failed; `stat` tells
 * where. Calls that change the same file are made one after the other.
 */
export interface BlobStore {
  stat(id: MediaId): Promise<BlobState>;
  /** Adds bytes at the end of a draft; makes the draft where there is none. */
  append(id: MediaId, data: Uint8Array): Promise<void>;
  /**
   * The bytes from `offset` on, in order, in parts of 1 to `maxPartBytes`; none beyond the end. Reads as fast as the
   * parts are taken and holds nothing while none is. Rejects where there is no such file, and with the signal's reason
   * once it is aborted.
   */
  read(id: MediaId, offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Makes a draft durable, then final. Repeating it changes nothing. Rejects where there is no such file. */
  seal(id: MediaId): Promise<void>;
  /** Removes a draft or a sealed file; nothing where there is none. */
  remove(id: MediaId): Promise<void>;
}
