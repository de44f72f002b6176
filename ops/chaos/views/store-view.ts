import type { CqlRow, CqlSession } from "#platform/engines/cql.ts";
import type { Columns, Marks, MessageRow, SentRow, StoredConversation } from "../evidence.ts";

const eventsPerBucket = 1000;
const messagesPerBucket = 500;
/** Events beyond the head would be in one of these. */
const bucketsBeyond = 1;

/** The rows of a conversation, as they stand in the tables. */
export async function readStored(
  session: CqlSession,
  id: string,
  devices: readonly { readonly userId: string; readonly deviceId: string }[],
): Promise<StoredConversation> {
  const row = await session.get("SELECT * FROM conversation WHERE conversation_id = ?", id);
  const headSeq = Number(row?.head_seq ?? 0);
  const of = (table: string) => session.query(`SELECT * FROM ${table} WHERE conversation_id = ?`, id);
  const [events, messages, sent, memberships, byUser, deletions, marks] = await Promise.all([
    rowsOf(headSeq / eventsPerBucket, (bucket) =>
      session.query("SELECT seq, event FROM event WHERE conversation_id = ? AND bucket = ?", id, bucket),
    ),
    rowsOf(headSeq / messagesPerBucket, (bucket) =>
      session.query("SELECT * FROM message WHERE conversation_id = ? AND bucket = ?", id, bucket),
    ),
    Promise.all(devices.map(({ userId, deviceId }) => sentBy(session, id, userId, deviceId))),
    of("membership"),
    Promise.all(
      devices.map(({ userId }) =>
        session.query("SELECT * FROM membership_by_user WHERE user_id = ? AND conversation_id = ?", userId, id),
      ),
    ),
    of("deletion"),
    of("mark"),
  ]);
  return {
    conversation: row && conversationOf(row),
    memberships: new Map(memberships.map((row) => [String(row.user_id), membershipOf(row)])),
    rolesByUser: new Map(byUser.flat().map(({ user_id, role }) => [String(user_id), Number(role)])),
    deletions: new Set(deletions.map(({ target_seq }) => Number(target_seq))),
    marks: new Map(marks.map((row) => [String(row.user_id), marksOf(row)])),
    events: events.flatMap(({ seq, event }) => (event instanceof Uint8Array ? [{ seq: Number(seq), event }] : [])),
    messages: new Map(messages.flatMap(messagesOf)),
    sent: sent.flat(),
  };
}

async function sentBy(session: CqlSession, id: string, userId: string, deviceId: string): Promise<SentRow[]> {
  const cql = "SELECT client_id, seq FROM sent_id WHERE conversation_id = ? AND user_id = ? AND device_id = ?";
  const rows = await session.query(cql, id, userId, deviceId);
  return rows.map(({ client_id, seq }) => ({ userId, deviceId, clientId: String(client_id), seq: Number(seq) }));
}

function conversationOf(row: CqlRow): Columns {
  const owners: string[] = JSON.parse(String(row.owners));
  return {
    name: String(row.name),
    posting: Number(row.posting),
    owners: JSON.stringify(owners.sort()),
    head: Number(row.head_seq),
    messages: Number(row.message_count),
    members: Number(row.member_count),
  };
}

function membershipOf(row: CqlRow): Columns {
  return {
    role: Number(row.role),
    ranges: String(row.ranges),
    joined: JSON.stringify([Number(row.joined_seq), Number(row.joined_count)]),
    lastOwn: JSON.stringify([Number(row.last_own_seq), Number(row.last_own_count)]),
  };
}

function marksOf(row: CqlRow): Marks {
  return { readSeq: Number(row.read_seq), deliveredSeq: Number(row.delivered_seq) };
}

/** A row without bytes is no message. */
function messagesOf({ seq, posted, edited, deleted }: CqlRow): [number, MessageRow][] {
  if (!(posted instanceof Uint8Array)) return [];
  const edit = edited instanceof Uint8Array ? edited : undefined;
  return [[Number(seq), { isDeleted: Number(deleted ?? 0) !== 0, posted, edited: edit }]];
}

/** The position that the store has come to on each shard that it has come to. */
export async function readCheckpoints(session: CqlSession): Promise<ReadonlyMap<number, number>> {
  const rows = await session.query("SELECT shard, position FROM checkpoint WHERE consumer = ?", "projector");
  return new Map(rows.map(({ shard, position }) => [Number(shard), Number(position)]));
}

async function rowsOf<Row>(lastBucket: number, read: (bucket: number) => Promise<Row[]>): Promise<Row[]> {
  const buckets = Array.from({ length: Math.floor(lastBucket) + 1 + bucketsBeyond }, (_, bucket) => bucket);
  return (await Promise.all(buckets.map(read))).flat();
}
