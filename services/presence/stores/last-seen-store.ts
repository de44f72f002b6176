import type { UserId } from "#platform/runtime/ids.ts";

/**
 * When each user was last online, in milliseconds; survives restarts. Partition: user.
 *
 * A time never goes back: an earlier one than is stored changes nothing.
 */
export interface LastSeenStore {
  advance(userId: UserId, time: number): Promise<void>;
  /** Times of the users that were ever seen. */
  read(userIds: readonly UserId[]): Promise<Map<UserId, number>>;
}
