import type { CqlRow, CqlSession } from "#platform/engines/cql.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import type { IdempotenceStore } from "./idempotence-store.ts";
import { blob, sentIdFrom } from "./rows.ts";

const ownerCql = `SELECT client_id, seq, message_count, time_ms, content_hash FROM sent_id
  WHERE conversation_id = ? AND user_id = ? AND device_id = ?`;
const creationCql = `SELECT conversation_id, content_hash FROM creation
  WHERE user_id = ? AND device_id = ? AND client_id = ?`;
const pairCql = "SELECT conversation_id FROM direct_pair WHERE low_user_id = ? AND high_user_id = ?";

export function createCqlIdempotence(session: CqlSession): IdempotenceStore {
  return {
    async largest(owner, limit) {
      const { conversationId: id, userId, deviceId } = owner;
      return (await session.query(`${ownerCql} LIMIT ?`, id, userId, deviceId, limit)).map(sentIdFrom);
    },
    async find(owner, clientId) {
      const { conversationId: id, userId, deviceId } = owner;
      const row = await session.get(`${ownerCql} AND client_id = ?`, id, userId, deviceId, clientId);
      return row && sentIdFrom(row);
    },
    async claimCreation(creation) {
      const key = [creation.userId, creation.deviceId, creation.clientId];
      const { applied, row } = await session.conditional({
        write: {
          cql: `INSERT INTO creation (user_id, device_id, client_id, conversation_id, content_hash)
            VALUES (?, ?, ?, ?, ?) IF NOT EXISTS`,
          params: [...key, creation.conversationId, creation.contentHash],
        },
        read: { cql: creationCql, params: key },
        isWritten: (row) => row?.conversation_id === creation.conversationId,
      });
      if (applied) return creation;
      return { ...creation, conversationId: idOf(row), contentHash: blob(row?.content_hash) };
    },
    async claimPair(users, id) {
      const key = [...users].sort();
      const { applied, row } = await session.conditional({
        write: {
          cql: `INSERT INTO direct_pair (low_user_id, high_user_id, conversation_id) VALUES (?, ?, ?) IF NOT EXISTS`,
          params: [...key, id],
        },
        read: { cql: pairCql, params: key },
        isWritten: (row) => row?.conversation_id === id,
      });
      return applied ? id : idOf(row);
    },
  };
}

/** Rows that are taken stay taken. */
function idOf(row: CqlRow | undefined) {
  return conversationId(String(row?.conversation_id));
}
