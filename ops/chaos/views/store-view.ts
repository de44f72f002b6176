import type { CqlSession } from "#platform/engines/cql.ts";
import type { StoredConversation } from "../evidence.ts";

const eventsPerBucket = 1000;
const messagesPerBucket = 500;
/** Events beyond the head would be in one of these. */
const bucketsBeyond = 1;

/** The rows of a conversation, as they stand in the tables. */
export async function readStored(
  session: CqlSession,
  conversationId: string,
  devices: readonly { readonly userId: string; readonly deviceId: string }[],
): Promise<StoredConversation> {
  const head = await session.get("SELECT head_seq FROM conversation WHERE conversation_id = ?", conversationId);
  const headSeq = Number(head?.head_seq ?? 0);
  const events = await rowsOf(headSeq / eventsPerBucket, (bucket) =>
    session.query("SELECT seq, event FROM event WHERE conversation_id = ? AND bucket = ?", conversationId, bucket),
  );
  const messages = await rowsOf(headSeq / messagesPerBucket, (bucket) =>
    session.query("SELECT seq, deleted FROM message WHERE conversation_id = ? AND bucket = ?", conversationId, bucket),
  );
  const sent = await Promise.all(
    devices.map(async ({ userId, deviceId }) => {
      const cql = "SELECT client_id, seq FROM sent_id WHERE conversation_id = ? AND user_id = ? AND device_id = ?";
      const rows = await session.query(cql, conversationId, userId, deviceId);
      return rows.map(({ client_id, seq }) => ({ userId, deviceId, clientId: String(client_id), seq: Number(seq) }));
    }),
  );
  return {
    headSeq,
    events: events.flatMap(({ seq, event }) => (event instanceof Uint8Array ? [{ seq: Number(seq), event }] : [])),
    messages: new Map(messages.map(({ seq, deleted }) => [Number(seq), Number(deleted ?? 0) !== 0])),
    sent: sent.flat(),
  };
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
