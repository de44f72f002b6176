import type { UploadDeps } from "./uploads.ts";

/** An upload that is not finished after this time is removed. */
export const uploadTtlMs = 24 * 3_600_000;
/** Uploads looked at in one sweep; the rest waits for the next one. */
const maxSwept = 1_000;

/**
 * Removes the uploads that were given up. One that a crash left between its file and its row is completed by its
 * uploader or removed here, whole: a file without a row is nobody's.
 */
export async function sweepUploads(deps: UploadDeps, signal: AbortSignal): Promise<void> {
  const { uploads, media, blobs, clock, turns } = deps;
  const deadline = clock() - uploadTtlMs;
  for (const old of await uploads.listCreatedBefore(deadline, maxSwept)) {
    if (signal.aborted) return;
    await turns(old.userId, async () => {
      const upload = await uploads.read(old.userId, old.id);
      if (upload && upload.createdAt >= deadline) return;
      if (!(await media.read(old.id))) await blobs.remove(old.id);
      await uploads.remove(old);
    });
  }
}
