import type { UserId } from "#platform/runtime/ids.ts";
import { platformErrors } from "../errors.ts";
import type { Identity } from "../identity.ts";

/** Most bytes of unfinished messages that are held for one user, over all calls and connections. */
export const maxUserBodyBytes = 16 * 1024 * 1024;
/** How long a user beyond that stays away. */
const retryMs = 1_000;

/** Counts the bytes that wait for the rest of their message, by user. */
export interface BodyBudget {
  /** What counts for this caller. It throws RATE_LIMITED where the user would hold too much, and counts nothing then. */
  of(identity: Identity): (bytes: number) => void;
}

export function createBodyBudget(maxBytes: number = maxUserBodyBytes): BodyBudget {
  const held = new Map<UserId, number>();
  const hold = (user: UserId, bytes: number) => {
    const sum = (held.get(user) ?? 0) + bytes;
    if (bytes > 0 && sum > maxBytes) {
      throw platformErrors.RATE_LIMITED({ message: "too many requests are unfinished", retryAfterMs: retryMs });
    }
    if (sum === 0) held.delete(user);
    else held.set(user, sum);
  };
  return { of: (identity) => (identity.kind === "user" ? (bytes) => hold(identity.userId, bytes) : unbounded) };
}

/** Strangers say little, and operators are trusted. */
function unbounded(): void {}
