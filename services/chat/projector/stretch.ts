import type { FollowedEntry } from "#platform/log/following.ts";

/** Entries of one shard that are written together: all that the log holds after a position, up to the last of them. */
export interface Stretch {
  readonly after: number;
  readonly entries: readonly FollowedEntry[];
}
