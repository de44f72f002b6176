import type { CqlSession } from "#platform/engines/cql.ts";
import { type UserId, userId } from "#platform/runtime/ids.ts";

/** Rows that say for good whose a name is. */
export interface Claims {
  owner(...key: readonly string[]): Promise<UserId | undefined>;
  /** Inserts the row if there is none. Returns whose it is then. */
  claim(user: UserId, ...key: readonly string[]): Promise<UserId>;
}

/** The table has the columns of the key, which are its partition, and `user_id`. */
export function createCqlClaims(session: CqlSession, table: string, columns: readonly string[]): Claims {
  const where = columns.map((column) => `${column} = ?`).join(" AND ");
  const values = columns.map(() => "?").join(", ");
  const ownerCql = `SELECT user_id FROM ${table} WHERE ${where}`;
  const insertCql = `INSERT INTO ${table} (${columns.join(", ")}, user_id) VALUES (${values}, ?) IF NOT EXISTS`;
  return {
    async owner(...key) {
      const row = await session.get(ownerCql, ...key);
      return row && userId(String(row.user_id));
    },
    async claim(user, ...key) {
      const { row } = await session.conditional({
        write: { cql: insertCql, params: [...key, user] },
        read: { cql: ownerCql, params: key },
        isWritten: (row) => row?.user_id === user,
      });
      return row ? userId(String(row.user_id)) : user;
    },
  };
}
