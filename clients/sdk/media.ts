import { createBackoff, sleep } from "./backoff.ts";
import type { Attachment, DownloadResponse, Media } from "./contract.ts";
import { isFinal, isReason, isSignedOut, retryAfterMs } from "./errors.ts";
import { withWatchdog } from "./frames.ts";
import type { Services } from "./services.ts";

/** Bytes in one chunk of an upload. */
const chunkBytes = 256 * 1024;
/** Failures without progress after which a transfer is given up. */
const maxFailures = 8;

export interface TransferOptions {
  /** Told after each chunk. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface DownloadOptions extends TransferOptions {
  /** `seq` of the message that shows the file: needed where it was uploaded before the user joined. */
  readonly messageSeq?: bigint;
}

export interface NewFile {
  readonly fileName: string;
  /** Media type, such as "image/png". */
  readonly contentType: string;
  /** 1 byte to 10 MiB. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Files of conversations. A transfer that breaks goes on where it stopped. */
export interface MediaTransfers {
  upload(conversationId: string, file: NewFile, options?: TransferOptions): Promise<Media>;
  /** The file's bytes, checked against its digest. */
  download(mediaId: string, options?: DownloadOptions): Promise<{ media: Media; data: Uint8Array }>;
}

/** The bytes that arrived are not those that were uploaded. */
export class DigestError extends Error {
  override readonly name = "DigestError";
  constructor() {
    super("the file was damaged on its way");
  }
}

/** What a message says to show a file: `send(id, { text: "", attachments: [attachmentOf(media)] })`. */
export function attachmentOf({ mediaId, fileName, contentType, size }: Media): Omit<Attachment, "$typeName"> {
  return { mediaId, fileName, contentType, size };
}

/**
 * @example
 * const file = { fileName: "cat.png", contentType: "image/png", data };
 * const uploaded = await parley.media.upload(conversationId, file, { onProgress: (done, total) => show(done / total) });
 */
export function createMediaTransfers({ media }: Pick<Services, "media">): MediaTransfers {
  return {
    upload: (conversationId, file, options = {}) => upload(media, conversationId, file, options),
    download: (mediaId, options = {}) => download(media, mediaId, options),
  };
}

async function upload(
  media: Services["media"],
  conversationId: string,
  { fileName, contentType, data }: NewFile,
  { onProgress, signal }: TransferOptions,
): Promise<Media> {
  const call = signal ? { signal } : {};
  const persist = persistence(signal);
  const request = { conversationId, fileName, contentType, size: BigInt(data.length), sha256: await sha256(data) };
  const { uploadId, offset } = await media.createUpload(request, call);
  for (let done = Number(offset); done < data.length; onProgress?.(done, data.length)) {
    const chunk = { uploadId, offset: BigInt(done), data: data.subarray(done, done + chunkBytes) };
    const answer = await media.uploadChunk(chunk, call).catch(async (error) => {
      if (!isReason(error, "media", "WRONG_OFFSET")) await persist(error, done);
      return media.getUpload({ uploadId }, call);
    });
    done = Number(answer.offset);
  }
  const { media: file } = await media.completeUpload({ uploadId }, call);
  if (!file) throw new Error("the server answered without a file");
  return file;
}

async function download(
  service: Services["media"],
  mediaId: string,
  { onProgress, signal, messageSeq = 0n }: DownloadOptions,
): Promise<{ media: Media; data: Uint8Array }> {
  const chunks: Uint8Array[] = [];
  let media: Media | undefined;
  let done = 0;
  for await (const part of readParts(service, { mediaId, messageSeq }, signal)) {
    if (part.case === "media") media = part.value;
    if (part.case !== "data") continue;
    chunks.push(part.value);
    done += part.value.length;
    if (media) onProgress?.(done, Number(media.size));
  }
  if (!media) throw new Error("the server answered without a file");
  const data = joined(chunks);
  if (!sameBytes(await sha256(data), media.sha256)) throw new DigestError();
  return { media, data };
}

/** The parts of a file. A call that breaks is followed by one that goes on from there; a reader that leaves ends it. */
async function* readParts(
  service: Services["media"],
  file: { readonly mediaId: string; readonly messageSeq: bigint },
  signal: AbortSignal | undefined,
): AsyncGenerator<DownloadResponse["part"]> {
  const persist = persistence(signal);
  let size: number | undefined;
  for (let done = 0; size === undefined || done < size; ) {
    const left = new AbortController();
    const call = { timeoutMs: 0, signal: AbortSignal.any([left.signal, ...(signal ? [signal] : [])]) };
    try {
      for await (const { part } of withWatchdog(service.download({ ...file, offset: BigInt(done) }, call))) {
        if (part.case === "media") size = Number(part.value.size);
        if (part.case === "data") done += part.value.length;
        yield part;
      }
      if (size === undefined || done < size) throw new Error("the download ended early");
    } catch (error) {
      await persist(error, done);
    } finally {
      left.abort();
    }
  }
}

/** Waits before the next try, or throws where there is no point in one. */
function persistence(signal: AbortSignal | undefined): (error: unknown, done: number) => Promise<void> {
  const backoff = createBackoff();
  let failures = 0;
  let reached = -1;
  return async (error, done) => {
    failures = done > reached ? 1 : failures + 1;
    reached = done;
    if (signal?.aborted || failures >= maxFailures || isFinal(error) || isSignedOut(error)) throw error;
    if (failures === 1) backoff.reset();
    await sleep(backoff.next(retryAfterMs(error)), signal);
  };
}

async function sha256(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    data.set(chunk, offset);
    offset += chunk.length;
  }
  return data;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
