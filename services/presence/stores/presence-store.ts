import type { DeviceId, UserId } from "#platform/runtime/ids.ts";

/** A device is forgotten when this much time has passed without news of it. */
export const statusTtlMs = 60_000;
/** Devices of one user that count at a time; news of further ones is not taken in. */
export const maxDevicesPerUser = 16;

/**
 * What is announced of a device. `alive` says that it is still there: it keeps the status it has, and is online if it
 * had none. `offline` says that it is gone.
 */
export type Announcement = "online" | "away" | "alive" | "offline";

/** The best of what a user's devices say: online before away before offline. */
export interface Standing {
  readonly status: "online" | "away" | "offline";
  /** When one of these devices was last known to be online; 0 where none was. */
  readonly onlineAt: number;
}

/**
 * A user's standing before and after something happened. A device counts in `before` until a change told that it no
 * longer does, so the changes of a user are a chain: each starts at the status where the last one ended.
 */
export interface StandingChange {
  readonly userId: UserId;
  readonly before: Standing;
  readonly after: Standing;
}

/**
 * The devices that are there now. Nothing here is promised: it may be lost, and news of devices beyond the store's
 * capacity is not taken in. Each call is atomic for its user, whichever process makes it, and a change is returned to one
 * caller only. Times are those of the store's own clock, in milliseconds: processes that share a store share its time.
 */
export interface PresenceStore {
  /** Takes news of a device, good for `statusTtlMs` from now. After it left, `after.onlineAt` still tells of it. */
  announce(userId: UserId, deviceId: DeviceId, announcement: Announcement): Promise<StandingChange>;
  /** The standing of each user, in the order given. Devices whose time is over are not there, expired or not. */
  read(userIds: readonly UserId[]): Promise<Standing[]>;
  /** Forgets the devices whose time is over. Returns the users whose standing changed by it. */
  expire(): Promise<StandingChange[]>;
}
