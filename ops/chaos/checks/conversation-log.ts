import { fromBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import type { Header } from "#gen/parley/log/v1/record_pb.js";
import { encodeEvent, holdsContentOf, tombstoneOf } from "#platform/log/tombstones.ts";
import type { Replica } from "../evidence.ts";

export interface Logged {
  readonly event: Event;
  readonly bytes: Uint8Array;
  readonly header: Header | undefined;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** One conversation as its log tells it: the measure for all other views. */
export interface ConversationLog {
  readonly conversationId: string;
  /** In the order of the log, which should be that of their numbers. */
  readonly entries: readonly Logged[];
  readonly bySeq: ReadonlyMap<number, Logged>;
  readonly head: number;
  /** Messages that were deleted. */
  readonly deleted: ReadonlySet<number>;
  /** What each user may be told, who ever was a member. */
  readonly visible: ReadonlyMap<string, readonly Range[]>;
}

/** The conversation as one server of the log holds it. New members see nothing of the time before. */
export function readConversation(replica: Replica, conversationId: string): ConversationLog {
  const entries: Logged[] = [];
  for (const { entries: all } of replica.shards.flat()) {
    for (const { event: bytes, header } of all) {
      if (bytes.length === 0) continue;
      const event = fromBinary(EventSchema, bytes);
      if (event.conversationId === conversationId) entries.push({ event, bytes, header });
    }
  }
  const bySeq = new Map(entries.map((entry) => [Number(entry.event.seq), entry]));
  return {
    conversationId,
    entries,
    bySeq,
    head: Math.max(0, ...bySeq.keys()),
    deleted: deletedBy(entries),
    visible: visibleTo(entries),
  };
}

export function isVisible(log: ConversationLog, userId: string, seq: number): boolean {
  return (log.visible.get(userId) ?? []).some(({ from, to }) => from <= seq && seq <= to);
}

/** What stands at a number once its message is deleted; undefined where that never was the case. */
export function buriedBytes(log: ConversationLog, { event }: Logged): Uint8Array | undefined {
  for (const seq of log.deleted) {
    if (holdsContentOf(event, BigInt(seq))) return encodeEvent(tombstoneOf(event, BigInt(seq)));
  }
  return undefined;
}

export function isSame(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return other !== undefined && Buffer.compare(one, other) === 0;
}

function deletedBy(entries: readonly Logged[]): Set<number> {
  const seqs = entries.flatMap(({ event: { body } }) =>
    body.case === "messageDeleted" ? [Number(body.value.targetSeq)] : [],
  );
  return new Set(seqs);
}

function visibleTo(entries: readonly Logged[]): Map<string, Range[]> {
  const ranges = new Map<string, Range[]>();
  for (const { event } of entries) {
    const { body } = event;
    const seq = Number(event.seq);
    if (body.case === "conversationCreated" || body.case === "membersAdded") {
      for (const { userId } of body.value.members) {
        ranges.set(userId, [...(ranges.get(userId) ?? []), { from: seq, to: Number.POSITIVE_INFINITY }]);
      }
    }
    if (body.case !== "memberRemoved") continue;
    const { userId } = body.value;
    ranges.set(
      userId,
      (ranges.get(userId) ?? []).map(({ from, to }) => ({ from, to: Math.min(to, seq) })),
    );
  }
  return ranges;
}
