import type { ClientId, DeviceId, UserId } from "#platform/runtime/ids.ts";
import type { MediaId } from "../media-id.ts";
import type { FileDescription } from "./media-store.ts";

/** An upload that is not finished. */
export interface Upload extends FileDescription {
  readonly id: MediaId;
  readonly userId: UserId;
  /** In milliseconds. */
  readonly createdAt: number;
}

/** What identifies a call that begins an upload, however often it is repeated. */
export interface ClaimKey {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly clientId: ClientId;
}

/** The upload that a call has begun, and what of. */
export interface Claim {
  readonly id: MediaId;
  readonly contentHash: Uint8Array;
}

/**
 * Uploads from their beginning to their end.
 *
 * Claims: partition (user, device), clustering client id; kept for good. Uploads: partition user, clustering id. By
 * age: 16 partitions by the last digit of the id, clustering time of creation and id.
 */
export interface UploadStore {
  /** The claim of a call, or undefined where it has begun nothing. */
  readClaim(key: ClaimKey): Promise<Claim | undefined>;
  /** Inserts a claim. Where there is one it stays; returns the claim that stands. */
  claim(key: ClaimKey, claim: Claim): Promise<Claim>;
  /** Inserts an upload; one that exists stays as it is. Broken off, it is listed by age or not at all. */
  create(upload: Upload): Promise<void>;
  read(userId: UserId, id: MediaId): Promise<Upload | undefined>;
  /** Unfinished uploads of a user. */
  count(userId: UserId): Promise<number>;
  /** Up to `limit` uploads that were created before a time, by those of whom; some may have been removed already. */
  listCreatedBefore(time: number, limit: number): Promise<Pick<Upload, "id" | "userId" | "createdAt">[]>;
  /** Removes an upload; nothing where there is none. Broken off, it is still listed by age. */
  remove(upload: Pick<Upload, "id" | "userId" | "createdAt">): Promise<void>;
}

/** The partitions by age. */
export const buckets: readonly string[] = [..."0123456789abcdef"];

export function bucketOf(id: MediaId): string {
  return id.slice(-1);
}
