import { concurrently } from "#platform/engines/concurrently.ts";
import type { CqlSession } from "#platform/engines/cql.ts";
import type { LastSeenStore } from "./last-seen-store.ts";

/** Statements under way at once for one call. */
const maxAtOnce = 32;

/** A time is its own timestamp, so that of two writes the later time stays, whichever comes first. */
export function createCqlLastSeenStore(session: CqlSession): LastSeenStore {
  return {
    advance: (user, time) =>
      session.write("INSERT INTO last_seen (user_id, seen_at) VALUES (?, ?) USING TIMESTAMP ?", user, time, time),
    async read(userIds) {
      const times = await concurrently([...new Set(userIds)], maxAtOnce, async (user) => {
        const row = await session.get("SELECT seen_at FROM last_seen WHERE user_id = ?", user);
        return row ? ([[user, Number(row.seen_at)]] as const) : [];
      });
      return new Map(times.flat());
    },
  };
}
