import { concurrently } from "#platform/engines/concurrently.ts";
import type { CqlSession } from "#platform/engines/cql.ts";
import { type ConversationId, conversationId, type UserId } from "#platform/runtime/ids.ts";
import type { MarkStore, StoredMark } from "./mark-store.ts";
import { markFrom } from "./rows.ts";

/** Most partitions that one call reads at the same time. */
const maxAtOnce = 32;
/** Most keys that one statement names; ScyllaDB takes no more. */
const maxKeys = 100;

const columns = "user_id, read_seq, read_count, delivered_seq";
const readCql = `SELECT ${columns} FROM mark WHERE conversation_id = ? AND user_id`;
const raiseReadCql =
  "UPDATE mark USING TIMESTAMP ? SET read_seq = ?, read_count = ? WHERE conversation_id = ? AND user_id = ?";
const raiseDeliveredCql =
  "UPDATE mark USING TIMESTAMP ? SET delivered_seq = ? WHERE conversation_id = ? AND user_id = ?";
const touchCql = "UPDATE mark USING TIMESTAMP ? SET updated_ms = ? WHERE conversation_id = ? AND user_id = ?";
const touchByUserCql =
  "UPDATE mark_by_user USING TIMESTAMP ? SET updated_ms = ? WHERE user_id = ? AND conversation_id = ?";

/** Each field is written with its own number as the timestamp, so that the largest stands whoever wrote last. */
export function createCqlMarks(session: CqlSession): MarkStore {
  const read = async (id: ConversationId, user: UserId): Promise<StoredMark | undefined> => {
    const row = await session.get(`${readCql} = ?`, id, user);
    return row && markFrom(id, row);
  };
  return {
    mark: read,
    async marks(id, users) {
      const found: StoredMark[] = [];
      for (let from = 0; from < users.length; from += maxKeys) {
        const rows = await session.query(`${readCql} IN ?`, id, users.slice(from, from + maxKeys));
        found.push(...rows.map((row) => markFrom(id, row)));
      }
      return found;
    },
    async raise(mark, nowMs) {
      const { conversationId: id, userId: user, read: point, deliveredSeq } = mark;
      const before = await read(id, user);
      if (before && point.seq <= before.read.seq && deliveredSeq <= before.deliveredSeq) return before;
      // Two partitions, two writes: a crash between them leaves an index row without a newer mark, which is harmless.
      await session.write(touchByUserCql, nowMs, nowMs, user, id);
      await session.batch([
        { cql: raiseReadCql, params: [point.seq, point.seq, point.count, id, user] },
        { cql: raiseDeliveredCql, params: [deliveredSeq, deliveredSeq, id, user] },
        { cql: touchCql, params: [nowMs, nowMs, id, user] },
      ]);
      return (await read(id, user)) ?? mark;
    },
    async changedSince(user, sinceMs) {
      const ids: ConversationId[] = [];
      const cql = "SELECT conversation_id, updated_ms FROM mark_by_user WHERE user_id = ?";
      for await (const row of session.rows(cql, user)) {
        if (Number(row.updated_ms) >= sinceMs) ids.push(conversationId(String(row.conversation_id)));
      }
      const marks = await concurrently(ids, maxAtOnce, (id) => read(id, user));
      return marks.filter((mark) => mark !== undefined);
    },
  };
}
