import { concurrently } from "#platform/engines/concurrently.ts";
import type { CqlSession } from "#platform/engines/cql.ts";
import { userId } from "#platform/runtime/ids.ts";
import { firstWriteTime } from "./first-writes.ts";
import { bucketOf, endOfLetters, type HandleIndex } from "./handle-index.ts";

/** Statements under way at once for one call. */
const maxAtOnce = 32;

const insertCql = "INSERT INTO profile_by_handle (bucket, handle, user_id) VALUES (?, ?, ?) USING TIMESTAMP ?";
const findCql = `
  SELECT handle, user_id FROM profile_by_handle WHERE bucket = ? AND handle >= ? AND handle < ? ORDER BY handle LIMIT ?`;

export function createCqlHandleIndex(session: CqlSession): HandleIndex {
  return {
    async add(owners) {
      const add = (handle: string, user: string) =>
        session.write(insertCql, bucketOf(handle), handle, user, firstWriteTime());
      await concurrently(owners, maxAtOnce, ({ handle, userId }) => add(handle.toLowerCase(), userId));
    },
    async find(prefix, limit) {
      const start = prefix.toLowerCase();
      const rows = await session.query(findCql, bucketOf(start), start, start + endOfLetters, limit);
      return rows.map((row) => ({ handle: String(row.handle), userId: userId(String(row.user_id)) }));
    },
  };
}
