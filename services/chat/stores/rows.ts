import { type ConversationId, clientId, conversationId, userId } from "#platform/runtime/ids.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import type { MembershipView } from "../views/membership-view.ts";
import type { MessageView } from "../views/message-view.ts";
import type { VisibleRange } from "../views/visibility.ts";
import type { SentId } from "./idempotence-store.ts";
import type { StoredMark } from "./mark-store.ts";

/** A value as every engine gives it. */
type Value = null | number | bigint | string | Uint8Array;
type Row = Readonly<{ [column: string]: Value }>;

/** Orders the writes of a row over restarts of the log: incarnation first, then position. */
export function rowVersion(row: { incarnation: number; position: number }): bigint {
  return (BigInt(row.incarnation) << 42n) + BigInt(row.position);
}

/** Life n of the log gives out the numbers of events from n × 2^32 on, but for the first, which begins at 1. */
export const numbersPerLife = 2 ** 32;

/** Where the life begins that gave a number out: what has a lower one and is not void was committed before it. */
export function lifeStart(seq: number): number {
  return Math.floor(seq / numbersPerLife) * numbersPerLife;
}

export function blob(value: Value | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError("a row without bytes");
  return value;
}

/** Open ends are stored as null. */
export function encodeRanges(ranges: readonly VisibleRange[]): string {
  return JSON.stringify(ranges.map(({ from, to }) => [from, to === Number.POSITIVE_INFINITY ? null : to]));
}

export function decodeRanges(text: Value | undefined): VisibleRange[] {
  const ranges: [number, number | null][] = JSON.parse(String(text));
  return ranges.map(([from, to]) => ({ from, to: to ?? Number.POSITIVE_INFINITY }));
}

// Readers name their columns: `version` may be larger than a number can be.
export const conversationColumns = `conversation_id, kind, name, posting, history, pair, owners, head_seq, message_count,
  head_time_ms, member_count, voids, last_event, position, incarnation`;
export const membershipColumns = `conversation_id, user_id, role, ranges, joined_seq, joined_count, last_own_seq,
  last_own_count, position, incarnation`;
export const messageColumns = `conversation_id, message_count, seq, author_id, posted, edited, edit_seqs, deleted,
  position, incarnation`;

export function conversationFrom(row: Row): ConversationView {
  const pair: string[] = JSON.parse(String(row.pair));
  const owners: string[] = JSON.parse(String(row.owners));
  return {
    conversationId: conversationId(String(row.conversation_id)),
    kind: Number(row.kind),
    name: String(row.name),
    posting: Number(row.posting),
    history: Number(row.history),
    pair: pair.map(userId),
    owners: owners.map(userId),
    headSeq: Number(row.head_seq),
    messageCount: Number(row.message_count),
    headTimeMs: Number(row.head_time_ms),
    memberCount: Number(row.member_count),
    voids: decodeRanges(row.voids),
    lastEvent: blob(row.last_event),
    position: Number(row.position),
    incarnation: Number(row.incarnation),
  };
}

export function membershipFrom(row: Row): MembershipView {
  return {
    conversationId: conversationId(String(row.conversation_id)),
    userId: userId(String(row.user_id)),
    role: Number(row.role),
    ranges: decodeRanges(row.ranges),
    joined: { seq: Number(row.joined_seq), count: Number(row.joined_count) },
    lastOwn: { seq: Number(row.last_own_seq), count: Number(row.last_own_count) },
    position: Number(row.position),
    incarnation: Number(row.incarnation),
  };
}

export function messageFrom(row: Row): MessageView {
  const editSeqs: number[] = JSON.parse(String(row.edit_seqs));
  return {
    conversationId: conversationId(String(row.conversation_id)),
    seq: Number(row.seq),
    messageCount: Number(row.message_count),
    authorId: String(row.author_id),
    posted: blob(row.posted),
    // A row without edits is written without that column: what stands there was lost with an earlier life of the log.
    edited: row.edited === null || editSeqs.length === 0 ? undefined : blob(row.edited),
    editSeqs,
    deleted: row.deleted === 1,
    position: Number(row.position),
    incarnation: Number(row.incarnation),
  };
}

export function markFrom(id: ConversationId, row: Row): StoredMark {
  return {
    conversationId: id,
    userId: userId(String(row.user_id)),
    read: { seq: Number(row.read_seq), count: Number(row.read_count) },
    deliveredSeq: Number(row.delivered_seq),
  };
}

export function sentIdFrom(row: Row): SentId {
  return {
    clientId: clientId(String(row.client_id)),
    seq: Number(row.seq),
    messageCount: Number(row.message_count),
    timeMs: Number(row.time_ms),
    contentHash: blob(row.content_hash),
  };
}
