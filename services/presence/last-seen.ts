import { LRUCache } from "lru-cache";
import type { UserId } from "#platform/runtime/ids.ts";
import type { LastSeenStore } from "./stores/last-seen-store.ts";

/** While a user stays online, the time is written this often; a crash loses no more of it. */
const writeIntervalMs = 60_000;
/** Users whose times are kept at hand; of further ones times are written more often than needed. */
const maxUsers = 100_000;

/** When users were last online: known at once, written now and then. */
export interface LastSeen {
  /** Takes a time at which the user was online. `leaving`: there will be no other soon, so it is written. */
  note(userId: UserId, time: number, leaving: boolean): Promise<void>;
  /** The last time noted of late, or undefined. */
  recent(userId: UserId): number | undefined;
  /** The times of the users that were ever seen. */
  read(userIds: readonly UserId[]): Promise<Map<UserId, number>>;
}

export function createLastSeen(store: LastSeenStore): LastSeen {
  const cache = new LRUCache<UserId, { seenAt: number; writtenAt: number }>({ max: maxUsers });
  return {
    async note(userId, time, leaving) {
      const known = cache.get(userId) ?? { seenAt: 0, writtenAt: 0 };
      const due = leaving ? time > known.writtenAt : time - known.writtenAt >= writeIntervalMs;
      cache.set(userId, { seenAt: Math.max(known.seenAt, time), writtenAt: due ? time : known.writtenAt });
      if (due) await store.advance(userId, time);
    },
    recent: (userId) => cache.get(userId)?.seenAt,
    async read(userIds) {
      const times = await store.read(userIds);
      for (const userId of userIds) {
        const recent = cache.get(userId)?.seenAt ?? 0;
        if (recent > (times.get(userId) ?? 0)) times.set(userId, recent);
      }
      return times;
    },
  };
}
