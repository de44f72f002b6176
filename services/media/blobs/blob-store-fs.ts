import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MediaId } from "../media-id.ts";
import { type BlobStore, maxPartBytes } from "./blob-store.ts";

/**
 * Keeps files under `root`: drafts in `drafts/`, sealed ones in 256 folders of `sealed/`, each named by its id. Nothing
 * that a user chose becomes part of a path. Sealing moves the file, so what stands in `sealed/` is whole.
 */
export async function openFsBlobStore(root: string): Promise<BlobStore> {
  const drafts = join(root, "drafts");
  const sealed = join(root, "sealed");
  await makeFolder(drafts);
  await makeFolder(sealed);
  const draftPath = (id: MediaId) => join(drafts, id);
  const sealedPath = (id: MediaId) => join(sealed, id.slice(-2), id);
  return {
    async stat(id) {
      const final = await sizeOf(sealedPath(id));
      if (final !== undefined) return { size: final, sealed: true };
      return { size: (await sizeOf(draftPath(id))) ?? 0, sealed: false };
    },
    async append(id, data) {
      await using file = await open(draftPath(id), "a", 0o600);
      await file.writeFile(data);
    },
    async *read(id, offset, signal) {
      for (let position = offset; ; ) {
        signal?.throwIfAborted();
        const part = await readPart([sealedPath(id), draftPath(id)], position);
        if (part.length === 0) return;
        yield part;
        position += part.length;
      }
    },
    async seal(id) {
      if ((await sizeOf(sealedPath(id))) !== undefined) return;
      await sync(draftPath(id));
      await makeFolder(dirname(sealedPath(id)));
      await rename(draftPath(id), sealedPath(id));
      await sync(dirname(sealedPath(id)));
    },
    async remove(id) {
      await Promise.all([draftPath(id), sealedPath(id)].map((path) => rm(path, { force: true })));
    },
  };
}

/** Makes a folder and its parents, durably. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await sync(dirname(made));
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    return ignoreMissing(error);
  }
}

/** Opens the file for this part alone: a reader that pauses, or never comes back, holds nothing open. */
async function readPart([path, otherwise]: readonly [string, string], position: number): Promise<Uint8Array> {
  await using file = await openEither(path, otherwise);
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(maxPartBytes), 0, maxPartBytes, position);
  return buffer.subarray(0, bytesRead);
}

async function openEither(path: string, otherwise: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    return ignoreMissing(error) ?? (await open(otherwise, "r"));
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
