import { createHash } from "node:crypto";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { type ClientId, type UserId, uuidv7 } from "#platform/runtime/ids.ts";
import type { BlobStore } from "./blobs/blob-store.ts";
import { mediaErrors } from "./errors.ts";
import { type MediaId, mediaId } from "./media-id.ts";
import type { FileDescription, MediaStore, StoredMedia } from "./stores/media-store.ts";
import type { Upload, UploadStore } from "./stores/upload-store.ts";
import type { Turns } from "./turns.ts";

/** Uploads of one user that may be unfinished at a time. */
export const maxUnfinishedUploads = 8;

export interface UploadDeps {
  readonly uploads: UploadStore;
  readonly media: MediaStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  /** The calls of one user about uploads take turns: each decides on what the one before has left. */
  readonly turns: Turns;
}

/** How far an upload has come. */
export interface Progress {
  readonly id: MediaId;
  /** Bytes that are there. */
  readonly offset: number;
}

/** Begins an upload, or finds the one that an earlier call with the client id has begun. */
export function beginUpload(
  { uploads, media, blobs, clock, turns }: UploadDeps,
  { userId, deviceId }: UserIdentity,
  clientId: ClientId,
  file: FileDescription,
): Promise<Progress> {
  return turns(userId, async () => {
    const key = { userId, deviceId, clientId };
    const contentHash = hashOf(file);
    const known = await uploads.readClaim(key);
    if (known && !equalBytes(known.contentHash, contentHash)) throw mediaErrors.CLIENT_ID_REUSED();
    if (known && ((await media.read(known.id)) || (await uploads.read(userId, known.id)))) {
      return { id: known.id, offset: (await blobs.stat(known.id)).size };
    }
    if ((await uploads.count(userId)) >= maxUnfinishedUploads) throw mediaErrors.TOO_MANY_UPLOADS();
    const { id } = known ?? (await uploads.claim(key, { id: mediaId(uuidv7(clock())), contentHash }));
    await uploads.create({ ...file, id, userId, createdAt: clock() });
    return { id, offset: 0 };
  });
}

/** Adds a chunk at the end; one that is already there, byte by byte, is accepted again. */
export function appendChunk(
  deps: UploadDeps,
  userId: UserId,
  id: MediaId,
  chunk: { readonly offset: number; readonly data: Uint8Array },
): Promise<Progress> {
  return deps.turns(userId, async () => {
    const { blobs } = deps;
    const { size } = await findOwn(deps, userId, id);
    const { offset, data } = chunk;
    if (offset + data.length > size) throw mediaErrors.BEYOND_SIZE();
    const end = (await blobs.stat(id)).size;
    if (offset === end) {
      await blobs.append(id, data);
      return { id, offset: end + data.length };
    }
    if (offset + data.length <= end && (await continuesWith(blobs.read(id, offset), data))) return { id, offset: end };
    throw mediaErrors.WRONG_OFFSET();
  });
}

/** How far an upload of the user's has come; a complete one has come to its end. */
export async function readProgress(deps: UploadDeps, userId: UserId, id: MediaId): Promise<Progress> {
  await findOwn(deps, userId, id);
  return { id, offset: (await deps.blobs.stat(id)).size };
}

/**
 * Makes a file of an upload whose bytes are all there and right. `admit` is asked before anything is final; it returns
 * the `seq` that the conversation has come to. The file is durable before its row is, and its row before the upload is
 * forgotten: whatever is repeated after a crash goes on from there.
 */
export function completeUpload(
  deps: UploadDeps,
  userId: UserId,
  id: MediaId,
  admit: (file: FileDescription) => Promise<number>,
): Promise<StoredMedia> {
  return deps.turns(userId, async () => {
    const { uploads, media, blobs, clock } = deps;
    const upload = await uploads.read(userId, id);
    const done = await media.read(id);
    if (done?.uploaderId === userId) {
      if (upload) await uploads.remove(upload);
      return done;
    }
    if (!upload) throw mediaErrors.NOT_FOUND();
    const completedSeq = await admit(upload);
    await verify(deps, upload);
    await blobs.seal(id);
    const { conversationId, fileName, contentType, size, sha256 } = upload;
    const file = { id, conversationId, uploaderId: userId, fileName, contentType, size, sha256 };
    const stored = await media.create({ ...file, completedAt: clock(), completedSeq });
    await uploads.remove(upload);
    return stored;
  });
}

/** Bytes that are not those announced are removed with the upload. */
async function verify({ uploads, blobs }: UploadDeps, upload: Upload): Promise<void> {
  if ((await blobs.stat(upload.id)).size < upload.size) throw mediaErrors.INCOMPLETE();
  const hash = createHash("sha256");
  for await (const part of blobs.read(upload.id, 0)) hash.update(part);
  if (equalBytes(hash.digest(), upload.sha256)) return;
  await blobs.remove(upload.id);
  await uploads.remove(upload);
  throw mediaErrors.WRONG_DIGEST();
}

async function findOwn({ uploads, media }: UploadDeps, userId: UserId, id: MediaId): Promise<FileDescription> {
  const upload = await uploads.read(userId, id);
  if (upload) return upload;
  const done = await media.read(id);
  if (done?.uploaderId !== userId) throw mediaErrors.NOT_FOUND();
  return done;
}

async function continuesWith(parts: AsyncIterable<Uint8Array>, data: Uint8Array): Promise<boolean> {
  let position = 0;
  for await (const part of parts) {
    const expected = data.subarray(position, position + part.length);
    if (!equalBytes(part.subarray(0, expected.length), expected)) return false;
    position += expected.length;
    if (position === data.length) return true;
  }
  return false;
}

function hashOf({ conversationId, fileName, contentType, size, sha256 }: FileDescription): Uint8Array {
  const content = [conversationId, fileName, contentType, size, Buffer.from(sha256).toString("hex")];
  return createHash("sha256").update(JSON.stringify(content)).digest();
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
