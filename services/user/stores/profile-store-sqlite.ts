import type { Audience } from "#gen/parley/user/v1/user_pb.js";
import type { SqliteDatabase, SqlStatement, SqlValue } from "#platform/engines/sqlite.ts";
import { userId } from "#platform/runtime/ids.ts";
import type { ProfileStore, StoredProfile } from "./profile-store.ts";

export function createSqliteProfileStore(db: SqliteDatabase): ProfileStore {
  const readRows = (columns: string, userIds: readonly string[]) =>
    db.query(
      `SELECT ${columns} FROM profile WHERE user_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(userIds),
    );
  return {
    async create(profiles) {
      await Promise.all(profiles.map((profile) => db.write([insertion(profile)])));
    },
    async read(userIds) {
      return readRows("user_id, handle, display_name, about", userIds).map((row) => ({
        userId: userId(String(row.user_id)),
        handle: String(row.handle),
        displayName: String(row.display_name),
        about: String(row.about),
      }));
    },
    async update(user, { displayName, about }, time) {
      const statements: SqlStatement[] = [];
      if (displayName !== undefined) statements.push(assignment("display_name", user, displayName, time));
      if (about !== undefined) statements.push(assignment("about", user, about, time));
      if (statements.length > 0) await db.write(statements);
    },
    async readLastSeenAudience(userIds) {
      const rows = readRows("user_id, last_seen", userIds);
      return new Map(rows.map((row) => [userId(String(row.user_id)), Number(row.last_seen)]));
    },
    async setLastSeenAudience(user, audience: Audience, time) {
      await db.write([assignment("last_seen", user, audience, time)]);
    },
  };
}

function insertion({ userId, handle, displayName, about }: StoredProfile): SqlStatement {
  return {
    sql: "INSERT INTO profile (user_id, handle, display_name, about) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    params: [userId, handle, displayName, about],
  };
}

type Column = "display_name" | "about" | "last_seen";

function assignment(column: Column, user: string, value: SqlValue, time: number): SqlStatement {
  return {
    sql: `UPDATE profile SET ${column} = ?2, ${column}_at = ?3
      WHERE user_id = ?1 AND (${column}_at, ${column}) < (?3, ?2)`,
    params: [user, value, time],
  };
}
