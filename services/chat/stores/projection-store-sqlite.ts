import type { SqliteDatabase, SqlStatement, SqlValue } from "#platform/engines/sqlite.ts";
import { checkpointStatement } from "#platform/log/checkpoints/checkpoint-store-sqlite.ts";
import { eventsPerBucket, messagesPerBucket } from "./history-store.ts";
import { type ProjectedRows, type ProjectionStore, projectorName } from "./projection-store.ts";
import { encodeRanges, lifeStart, rowVersion } from "./rows.ts";

/** Rows and checkpoint of a stretch are one transaction. */
export function createSqliteProjection(db: SqliteDatabase): ProjectionStore {
  return {
    async apply(shard, rows, checkpoint) {
      await db.write([...rowStatements(rows), checkpointStatement(projectorName, shard, checkpoint)]);
    },
  };
}

function rowStatements(rows: ProjectedRows): SqlStatement[] {
  return [
    ...rows.conversations.map((row) =>
      upsert("conversation", ["conversation_id"], {
        conversation_id: row.conversationId,
        kind: row.kind,
        name: row.name,
        posting: row.posting,
        history: row.history,
        pair: JSON.stringify(row.pair),
        owners: JSON.stringify(row.owners),
        head_seq: row.headSeq,
        message_count: row.messageCount,
        head_time_ms: row.headTimeMs,
        member_count: row.memberCount,
        voids: encodeRanges(row.voids),
        last_event: row.lastEvent,
        position: row.position,
        incarnation: row.incarnation,
        version: rowVersion(row),
      }),
    ),
    ...membershipStatements(rows),
    ...rows.messages.map((row) =>
      upsert("message", ["conversation_id", "bucket", "message_count"], {
        conversation_id: row.conversationId,
        bucket: Math.floor(row.messageCount / messagesPerBucket),
        message_count: row.messageCount,
        seq: row.seq,
        author_id: row.authorId,
        posted: row.posted,
        edited: row.edited ?? null,
        edit_seqs: JSON.stringify(row.editSeqs),
        deleted: row.deleted ? 1 : 0,
        position: row.position,
        incarnation: row.incarnation,
        version: rowVersion(row),
      }),
    ),
    ...rows.events.map((row) =>
      upsert("event", ["conversation_id", "bucket", "seq"], {
        conversation_id: row.conversationId,
        bucket: Math.floor(row.seq / eventsPerBucket),
        seq: row.seq,
        event: row.event,
        position: row.position,
        version: rowVersion(row),
      }),
    ),
    ...rows.deletions.map((row) => ({
      sql: "INSERT INTO deletion (conversation_id, target_seq) VALUES (?, ?) ON CONFLICT DO NOTHING",
      params: [row.conversationId, row.targetSeq],
    })),
    ...rows.sentIds.map((row) => ({
      sql: `INSERT INTO sent_id VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE
        SET seq = ?5, message_count = ?6, time_ms = ?7, content_hash = ?8
        WHERE seq < ?9`,
      params: [
        row.conversationId,
        row.userId,
        row.deviceId,
        row.clientId,
        row.seq,
        row.messageCount,
        row.timeMs,
        row.contentHash,
        lifeStart(row.seq),
      ],
    })),
  ];
}

function membershipStatements({ memberships, roles }: ProjectedRows): SqlStatement[] {
  return [
    ...memberships.map((row) =>
      upsert("membership", ["conversation_id", "user_id"], {
        conversation_id: row.conversationId,
        user_id: row.userId,
        role: row.role,
        ranges: encodeRanges(row.ranges),
        joined_seq: row.joined.seq,
        joined_count: row.joined.count,
        last_own_seq: row.lastOwn.seq,
        last_own_count: row.lastOwn.count,
        position: row.position,
        incarnation: row.incarnation,
        version: rowVersion(row),
      }),
    ),
    ...roles.map((row) =>
      upsert("membership_by_user", ["user_id", "conversation_id"], {
        user_id: row.userId,
        conversation_id: row.conversationId,
        role: row.role,
        version: rowVersion(row),
      }),
    ),
  ];
}

const upsertSql = new Map<string, string>();

/** Inserts a row, or replaces an older one. */
function upsert(table: string, key: readonly string[], row: Readonly<Record<string, SqlValue>>): SqlStatement {
  let sql = upsertSql.get(table);
  if (!sql) {
    const columns = Object.keys(row);
    const sets = columns.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
    sql = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})
      ON CONFLICT DO UPDATE SET ${sets.join(", ")} WHERE excluded.version >= ${table}.version`;
    upsertSql.set(table, sql);
  }
  return { sql, params: Object.values(row) };
}
