import type { Client } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import { Audience, type UserService } from "#gen/parley/user/v1/user_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { UserId } from "#platform/runtime/ids.ts";

/** A change of settings takes effect within this time. */
export const privacyTtlMs = 5_000;
const maxUsers = 100_000;

/** Who shows when they were last online, as the user service knew it at most `privacyTtlMs` ago. */
export interface PrivacyCache {
  /** Those of the users who show it. Users that do not exist do not. */
  readShowing(userIds: readonly UserId[], signal: AbortSignal): Promise<ReadonlySet<UserId>>;
  /** Asks anew the next time. */
  forget(userId: UserId): void;
}

export function createPrivacyCache(users: Client<typeof UserService>, clock: Clock): PrivacyCache {
  const showing = new LRUCache<UserId, { shows: boolean; readAt: number }>({ max: maxUsers });
  const fresh = (userId: UserId) => {
    const known = showing.get(userId);
    return known && clock() - known.readAt < privacyTtlMs ? known : undefined;
  };
  const load = async (userIds: UserId[], signal: AbortSignal) => {
    const readAt = clock();
    const { entries } = await users.listPrivacy({ userIds }, callAs({ kind: "service", name: "presence" }, { signal }));
    const shown = new Set(
      entries.filter(({ privacy }) => privacy?.lastSeen !== Audience.NOBODY).map(({ userId }) => userId),
    );
    for (const userId of userIds) showing.set(userId, { shows: shown.has(userId), readAt });
    return userIds.filter((userId) => shown.has(userId));
  };
  return {
    async readShowing(userIds, signal) {
      const known = userIds.filter((userId) => fresh(userId)?.shows);
      const missing = [...new Set(userIds.filter((userId) => !fresh(userId)))];
      const loaded = await Promise.all(pagesOf(missing).map((page) => load(page, signal)));
      return new Set([...known, ...loaded.flat()]);
    },
    forget: (userId) => void showing.delete(userId),
  };
}

/** Most users that ListPrivacy takes. */
const pageSize = 200;

function pagesOf(userIds: UserId[]): UserId[][] {
  const count = Math.ceil(userIds.length / pageSize);
  return Array.from({ length: count }, (_, page) => userIds.slice(page * pageSize, (page + 1) * pageSize));
}
