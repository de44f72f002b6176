import type { CqlParam, CqlRow, CqlSession } from "#platform/engines/cql.ts";
import type { SessionId, UserId } from "#platform/runtime/ids.ts";
import { readSession } from "./session-row.ts";
import type { SessionRow, SessionStore } from "./session-store.ts";

const selectCql = "SELECT * FROM session WHERE user_id = ? AND session_id = ?";
const listCql = "SELECT * FROM session WHERE user_id = ? ORDER BY session_id";
const insertCql = `INSERT INTO session (user_id, session_id, device_id, device_name, created_at, refreshed_at, expires_at,
  generation, rotated_by, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS`;
const rotateCql = `UPDATE session SET generation = ?, rotated_by = ?, refreshed_at = ?, expires_at = ?
  WHERE user_id = ? AND session_id = ? IF generation = ? AND ended_at = 0`;
const extendCql = `UPDATE session SET expires_at = ?
  WHERE user_id = ? AND session_id = ? IF ended_at = 0 AND expires_at < ?`;
const endCql = `UPDATE session SET ended_at = ?, expires_at = ?
  WHERE user_id = ? AND session_id = ? IF ended_at = 0`;
const removeCql = "DELETE FROM session WHERE user_id = ? AND session_id = ? IF EXISTS";

/** Every write is conditional: of rotations of one session at once, in whatever processes, one holds. */
export function createCqlSessions(session: CqlSession): SessionStore {
  async function change(
    user: UserId,
    id: SessionId,
    cql: string,
    params: readonly CqlParam[],
    isWritten: (row: CqlRow | undefined) => boolean,
  ): Promise<boolean> {
    const read = { cql: selectCql, params: [user, id] };
    const { applied } = await session.conditional({ write: { cql, params }, read, isWritten });
    return applied;
  }
  return {
    insert(row) {
      const { userId, sessionId, deviceId, deviceName, createdAt, refreshedAt, expiresAt } = row;
      const times = [createdAt, refreshedAt, expiresAt];
      const params = [userId, sessionId, deviceId, deviceName, ...times, row.generation, row.rotatedBy, row.endedAt];
      return change(userId, sessionId, insertCql, params, (stored) => stored?.created_at === createdAt);
    },
    async find(user, id) {
      const row = await session.get(selectCql, user, id);
      return row && readSession(row);
    },
    async list(user) {
      const rows: SessionRow[] = [];
      for await (const row of session.rows(listCql, user)) rows.push(readSession(row));
      return rows;
    },
    rotate(user, id, generation, { rotatedBy, refreshedAt, expiresAt }) {
      const params = [generation + 1, rotatedBy, refreshedAt, expiresAt, user, id, generation];
      return change(
        user,
        id,
        rotateCql,
        params,
        (row) => row?.generation === generation + 1 && row.rotated_by === rotatedBy,
      );
    },
    async extend(user, id, expiresAt) {
      const isPutOff = (row: CqlRow | undefined) => Number(row?.expires_at ?? 0) >= expiresAt;
      await change(user, id, extendCql, [expiresAt, user, id, expiresAt], isPutOff);
    },
    end: (user, id, endedAt, keepUntil) =>
      change(user, id, endCql, [endedAt, keepUntil, user, id], (row) => row?.ended_at === endedAt),
    async remove(user, ids) {
      for (const id of ids) await change(user, id, removeCql, [user, id], (row) => row === undefined);
    },
  };
}
