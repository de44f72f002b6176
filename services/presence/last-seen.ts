import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import type { UserId } from "#platform/runtime/ids.ts";
import type { LastSeenStore } from "./stores/last-seen-store.ts";

/** While a user stays online, the time is written this often; a crash loses no more of it. */
const writeIntervalMs = 60_000;
/** Users whose times are kept at hand; of further ones times are written more often than needed. */
const maxUsers = 100_000;
/** Users whose times wait to be written. Of further ones times are not written until there is room. */
const defaultCapacity = 100_000;
/** Writes under way at once; they share a commit. */
const maxWrites = 256;

/** When users were last online: known at once, written now and then. */
export interface LastSeen {
  /** Takes a time at which the user was online. `leaving`: there will be no other soon, so it is written. */
  note(userId: UserId, time: number, leaving: boolean): void;
  /** The last time noted of late, or undefined. */
  recent(userId: UserId): number | undefined;
  /** The times of the users that were ever seen. */
  read(userIds: readonly UserId[]): Promise<Map<UserId, number>>;
  /** Resolves once nothing waits to be written. */
  written(): Promise<void>;
}

export function createLastSeen(store: LastSeenStore, logger: Logger, capacity: number = defaultCapacity): LastSeen {
  const cache = new LRUCache<UserId, { seenAt: number; writtenAt: number }>({ max: maxUsers });
  const waiting = new Map<UserId, number>();
  const writeAll = async () => {
    while (waiting.size > 0) {
      const times = takeFirst(waiting, maxWrites);
      const outcomes = await Promise.allSettled(times.map(([userId, time]) => store.advance(userId, time)));
      const failure = outcomes.find((outcome) => outcome.status === "rejected");
      if (failure) logger.error({ err: failure.reason }, "last seen not written");
    }
  };
  let writing: Promise<void> | undefined;
  const write = (userId: UserId, time: number) => {
    if (!waiting.has(userId) && waiting.size >= capacity) return;
    waiting.set(userId, time);
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
  };
  return {
    note(userId, time, leaving) {
      const known = cache.get(userId) ?? { seenAt: 0, writtenAt: 0 };
      const due = leaving ? time > known.writtenAt : time - known.writtenAt >= writeIntervalMs;
      cache.set(userId, { seenAt: Math.max(known.seenAt, time), writtenAt: due ? time : known.writtenAt });
      if (due) write(userId, time);
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
    written: async () => writing,
  };
}

function takeFirst(waiting: Map<UserId, number>, count: number): [UserId, number][] {
  const taken: [UserId, number][] = [];
  for (const entry of waiting) {
    if (taken.length === count) break;
    waiting.delete(entry[0]);
    taken.push(entry);
  }
  return taken;
}
