import type { Audience } from "#gen/parley/user/v1/user_pb.js";
import type { UserId } from "#platform/runtime/ids.ts";

/** What people see of a user. An absent handle is empty. */
export interface StoredProfile {
  readonly userId: UserId;
  readonly handle: string;
  readonly displayName: string;
  readonly about: string;
}

/** New values of a profile; what is not given stays. */
export interface ProfileChange {
  readonly displayName?: string;
  readonly about?: string;
}

/**
 * Profiles and privacy settings. Partition: user.
 *
 * Each value carries the time it was written at, in microseconds; of two writes the later one stays, whichever is
 * applied first (of the same time: the larger value), so a late or repeated write changes nothing.
 */
export interface ProfileStore {
  /** Makes the profiles that do not exist; those that do stay as they are. Profiles are made one by one, not as a whole. */
  create(profiles: readonly StoredProfile[]): Promise<void>;
  /** The profiles that exist, in no order. */
  read(userIds: readonly UserId[]): Promise<StoredProfile[]>;
  /** Writes values at a time. A user without a profile stays without. */
  update(userId: UserId, change: ProfileChange, time: number): Promise<void>;
  /** Who may see when each was last online, of the users that have a profile; UNSPECIFIED where it was never set. */
  readLastSeenAudience(userIds: readonly UserId[]): Promise<Map<UserId, Audience>>;
  /** Writes the setting at a time. A user without a profile stays without. */
  setLastSeenAudience(userId: UserId, audience: Audience, time: number): Promise<void>;
}
