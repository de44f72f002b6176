import type { CqlParam, CqlStatement } from "#platform/engines/cql.ts";
import { eventsPerBucket, messagesPerBucket } from "./history-store.ts";
import type { ProjectedRows } from "./projection-store.ts";
import { encodeRanges, lifeStart, numbersPerLife, rowVersion } from "./rows.ts";

const insert = (table: string, columns: string) => {
  const marks = columns.split(",").map(() => "?");
  return `INSERT INTO ${table} (${columns}) VALUES (${marks.join(", ")}) USING TIMESTAMP ?`;
};

const conversationCql = insert(
  "conversation",
  `conversation_id, kind, name, posting, history, pair, owners, head_seq, message_count, head_time_ms, member_count,
    voids, last_event, position, incarnation`,
);
const membershipCql = insert(
  "membership",
  `conversation_id, user_id, role, ranges, joined_seq, joined_count, last_own_seq, last_own_count, position,
    incarnation`,
);
const membershipByUserCql = insert("membership_by_user", "user_id, conversation_id, role");
const messageCql = insert(
  "message",
  `conversation_id, bucket, message_count, seq, author_id, posted, edited, edit_seqs, deleted, position, incarnation`,
);
const eventCql = insert("event", "conversation_id, bucket, seq, event, position");
const deletionCql = insert("deletion", "conversation_id, target_seq");
const sentIdCql = insert(
  "sent_id",
  "conversation_id, user_id, device_id, client_id, seq, message_count, time_ms, content_hash",
);

/**
 * Timestamp of the row of a client id. Of several with one id the one that was committed first stands, but none of an
 * earlier life of the log: what is sent again then was lost. It rises from life to life and falls within each.
 */
const firstCommitted = (seq: number) => 2 * lifeStart(seq) + numbersPerLife - seq;

/** The rows as statements, those of one partition together. `version` is that of the stretch which they stem from. */
export function projectedStatements(rows: ProjectedRows, version: bigint): CqlStatement[][] {
  const partitions = new Map<string, CqlStatement[]>();
  const put = (cql: string, partition: string, params: readonly CqlParam[]) => {
    const key = `${cql.length}/${partition}`;
    const statements = partitions.get(key);
    if (statements) statements.push({ cql, params });
    else partitions.set(key, [{ cql, params }]);
  };
  putConversations(rows, put);
  putMessages(rows, put);
  putEvents(rows, put);
  for (const { conversationId, targetSeq } of rows.deletions) {
    put(deletionCql, conversationId, [conversationId, targetSeq, version]);
  }
  putSentIds(rows, put);
  return [...partitions.values()];
}

type Put = (cql: string, partition: string, params: readonly CqlParam[]) => void;

function putConversations({ conversations, memberships, roles }: ProjectedRows, put: Put): void {
  for (const row of conversations) {
    put(conversationCql, row.conversationId, [
      row.conversationId,
      row.kind,
      row.name,
      row.posting,
      row.history,
      JSON.stringify(row.pair),
      JSON.stringify(row.owners),
      row.headSeq,
      row.messageCount,
      row.headTimeMs,
      row.memberCount,
      encodeRanges(row.voids),
      row.lastEvent,
      row.position,
      row.incarnation,
      rowVersion(row),
    ]);
  }
  for (const row of memberships) {
    put(membershipCql, row.conversationId, [
      row.conversationId,
      row.userId,
      row.role,
      encodeRanges(row.ranges),
      row.joined.seq,
      row.joined.count,
      row.lastOwn.seq,
      row.lastOwn.count,
      row.position,
      row.incarnation,
      rowVersion(row),
    ]);
  }
  for (const row of roles) {
    put(membershipByUserCql, row.userId, [row.userId, row.conversationId, row.role, rowVersion(row)]);
  }
}

function putMessages({ messages }: ProjectedRows, put: Put): void {
  for (const row of messages) {
    const bucket = Math.floor(row.messageCount / messagesPerBucket);
    put(messageCql, `${row.conversationId}/${bucket}`, [
      row.conversationId,
      bucket,
      row.messageCount,
      row.seq,
      row.authorId,
      row.posted,
      // Only a deletion takes an edit back; null would write a tombstone with each message.
      row.edited ?? (row.deleted ? null : undefined),
      JSON.stringify(row.editSeqs),
      row.deleted ? 1 : 0,
      row.position,
      row.incarnation,
      rowVersion(row),
    ]);
  }
}

function putEvents({ events }: ProjectedRows, put: Put): void {
  for (const row of events) {
    const bucket = Math.floor(row.seq / eventsPerBucket);
    const key = `${row.conversationId}/${bucket}`;
    put(eventCql, key, [row.conversationId, bucket, row.seq, row.event, row.position, rowVersion(row)]);
  }
}

function putSentIds({ sentIds }: ProjectedRows, put: Put): void {
  for (const row of sentIds) {
    put(sentIdCql, `${row.conversationId}/${row.userId}/${row.deviceId}`, [
      row.conversationId,
      row.userId,
      row.deviceId,
      row.clientId,
      row.seq,
      row.messageCount,
      row.timeMs,
      row.contentHash,
      firstCommitted(row.seq),
    ]);
  }
}
