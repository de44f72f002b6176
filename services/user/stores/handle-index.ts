import type { UserId } from "#platform/runtime/ids.ts";

/** A handle and whose it is. */
export interface HandleOwner {
  readonly handle: string;
  readonly userId: UserId;
}

/**
 * Handles in alphabetical order, for search. Partition: the first two letters; clustering: the handle. It claims
 * nothing: who has a handle is decided by the auth service.
 */
export interface HandleIndex {
  /** Adds the handles that are not there; those that are keep their owner. */
  add(owners: readonly HandleOwner[]): Promise<void>;
  /** Up to `limit` handles that start with `prefix` (two letters or more), compared without case, in order. */
  find(prefix: string, limit: number): Promise<HandleOwner[]>;
}

/** Above every character that a handle may hold. */
export const endOfLetters = "\u{10ffff}";

/** The partition of a handle in lower case, and of a prefix of it. */
export function bucketOf(handle: string): string {
  return [...handle].slice(0, 2).join("");
}
