import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { userId } from "#platform/runtime/ids.ts";
import { bucketOf, endOfLetters, type HandleIndex } from "./handle-index.ts";

export function createSqliteHandleIndex(db: SqliteDatabase): HandleIndex {
  return {
    async add(owners) {
      await Promise.all(
        owners.map(({ handle, userId }) =>
          db.write([
            {
              sql: "INSERT INTO profile_by_handle (bucket, handle, user_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
              params: [bucketOf(handle.toLowerCase()), handle.toLowerCase(), userId],
            },
          ]),
        ),
      );
    },
    async find(prefix, limit) {
      const start = prefix.toLowerCase();
      const rows = db.query(
        `SELECT handle, user_id FROM profile_by_handle
        WHERE bucket = ? AND handle >= ? AND handle < ? ORDER BY handle LIMIT ?`,
        bucketOf(start),
        start,
        start + endOfLetters,
        limit,
      );
      return rows.map((row) => ({ handle: String(row.handle), userId: userId(String(row.user_id)) }));
    },
  };
}
