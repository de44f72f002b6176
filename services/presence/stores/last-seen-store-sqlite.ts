import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { userId } from "#platform/runtime/ids.ts";
import type { LastSeenStore } from "./last-seen-store.ts";

export function createSqliteLastSeenStore(db: SqliteDatabase): LastSeenStore {
  return {
    async advance(user, time) {
      const sql = `INSERT INTO last_seen (user_id, seen_at) VALUES (?1, ?2)
        ON CONFLICT DO UPDATE SET seen_at = ?2 WHERE seen_at < ?2`;
      await db.write([{ sql, params: [user, time] }]);
    },
    async read(userIds) {
      const rows = db.query(
        "SELECT user_id, seen_at FROM last_seen WHERE user_id IN (SELECT value FROM json_each(?))",
        JSON.stringify(userIds),
      );
      return new Map(rows.map((row) => [userId(String(row.user_id)), Number(row.seen_at)]));
    },
  };
}
