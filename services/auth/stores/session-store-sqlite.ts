import type { SqliteDatabase, SqlValue } from "#platform/engines/sqlite.ts";
import { readSession } from "./session-row.ts";
import type { SessionStore } from "./session-store.ts";

const insertSql = `
  INSERT INTO session (user_id, session_id, device_id, device_name, created_at, refreshed_at, expires_at, generation,
    rotated_by, ended_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
const rotateSql = `
  UPDATE session SET generation = generation + 1, rotated_by = ?4, refreshed_at = ?5, expires_at = ?6
  WHERE user_id = ?1 AND session_id = ?2 AND generation = ?3 AND ended_at = 0`;
const extendSql = `
  UPDATE session SET expires_at = ?3 WHERE user_id = ?1 AND session_id = ?2 AND ended_at = 0 AND expires_at < ?3`;
const endSql = `
  UPDATE session SET ended_at = ?3, expires_at = ?4 WHERE user_id = ?1 AND session_id = ?2 AND ended_at = 0`;

export function createSqliteSessions(db: SqliteDatabase): SessionStore {
  const change = async (sql: string, ...params: SqlValue[]) => (await db.write([{ sql, params }]))[0] === 1;
  return {
    insert: (row) =>
      change(
        insertSql,
        row.userId,
        row.sessionId,
        row.deviceId,
        row.deviceName,
        row.createdAt,
        row.refreshedAt,
        row.expiresAt,
        row.generation,
        row.rotatedBy,
        row.endedAt,
      ),
    async find(user, session) {
      const row = db.get("SELECT * FROM session WHERE user_id = ? AND session_id = ?", user, session);
      return row && readSession(row);
    },
    list: async (user) =>
      db.query("SELECT * FROM session WHERE user_id = ? ORDER BY session_id", user).map(readSession),
    rotate: (user, session, generation, { rotatedBy, refreshedAt, expiresAt }) =>
      change(rotateSql, user, session, generation, rotatedBy, refreshedAt, expiresAt),
    async extend(user, session, expiresAt) {
      await change(extendSql, user, session, expiresAt);
    },
    end: (user, session, endedAt, keepUntil) => change(endSql, user, session, endedAt, keepUntil),
    async remove(user, sessions) {
      const sql = "DELETE FROM session WHERE user_id = ? AND session_id = ?";
      if (sessions.length > 0) await db.write(sessions.map((session) => ({ sql, params: [user, session] })));
    },
  };
}
