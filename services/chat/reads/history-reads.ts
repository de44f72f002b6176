import { fromBinary } from "@bufbuild/protobuf";
import { EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import { encodeEvent, holdsContentOf, tombstoneOf } from "#platform/log/tombstones.ts";
import type { ConversationId } from "#platform/runtime/ids.ts";
import type { HistoryStore, StoredEvent } from "../stores/history-store.ts";
import { applyToMessage, type MessageView, messageOf } from "../views/message-view.ts";
import { withTail } from "./tail.ts";

/** Events and messages as of the followed tail. Callers have checked that the shard exists. */
export interface HistoryReads {
  events(id: ConversationId, from: number, to: number, limit: number): Promise<StoredEvent[]>;
  messages(
    id: ConversationId,
    from: number,
    to: number,
    order: "rising" | "falling",
    limit: number,
  ): Promise<MessageView[]>;
  /** The message of an event number, or undefined where that number is not a message. */
  messageAt(id: ConversationId, seq: number): Promise<MessageView | undefined>;
  /** `message_count` at an event number, or undefined where there is no such event. */
  countAt(id: ConversationId, seq: number): Promise<number | undefined>;
  /** How many messages with `from` < `seq` <= `to` were deleted, counting no further than `limit`. */
  deletions(id: ConversationId, from: number, to: number, limit: number): Promise<number>;
}

export function createHistoryReads(store: HistoryStore, following: Following): HistoryReads {
  async function events(id: ConversationId, from: number, to: number, limit: number): Promise<StoredEvent[]> {
    if (from > to) return [];
    const { base, tail } = await withTail(following, id, () => store.events(id, from, to, limit));
    const inRange = tail.filter((entry) => entry.seq >= from && entry.seq <= to);
    const fresh = new Set(inRange.map((entry) => entry.seq));
    const stored = base.filter((row) => !fresh.has(row.seq)).map((row) => buried(row, tail));
    const followed = inRange.map(({ seq, bytes, position }) => ({ seq, event: bytes, position }));
    return [...stored, ...followed].sort((a, b) => a.seq - b.seq).slice(0, limit);
  }

  async function messages(
    id: ConversationId,
    from: number,
    to: number,
    order: "rising" | "falling",
    limit: number,
  ): Promise<MessageView[]> {
    if (from > to) return [];
    const { base, tail } = await withTail(following, id, () => store.messages(id, from, to, order, limit));
    const known = new Set(base.map((view) => view.messageCount));
    const posted = tail
      .map(messageOf)
      .filter((view) => view !== undefined)
      .filter((view) => view.messageCount >= from && view.messageCount <= to && !known.has(view.messageCount));
    const sign = order === "rising" ? 1 : -1;
    return [...base, ...posted]
      .sort((a, b) => sign * (a.messageCount - b.messageCount))
      .slice(0, limit)
      .map((view) => tail.reduce((folded, entry) => applyToMessage(folded, entry, () => tombstoneBytes(folded)), view));
  }

  async function countAt(id: ConversationId, seq: number): Promise<number | undefined> {
    const [row] = await events(id, seq, seq, 1);
    return row && Number(fromBinary(EventSchema, row.event).messageCount);
  }

  return {
    events,
    messages,
    countAt,
    async messageAt(id, seq) {
      const count = await countAt(id, seq);
      const [view] = count ? await messages(id, count, count, "rising", 1) : [];
      return view?.seq === seq ? view : undefined;
    },
    async deletions(id, from, to, limit) {
      const { base, tail } = await withTail(following, id, () => store.deletedSeqs(id, from, to, limit));
      const seqs = new Set(base);
      for (const { event } of tail.filter(isDeletion)) {
        if (event.body.case !== "messageDeleted") continue;
        const target = Number(event.body.value.targetSeq);
        if (target > from && target <= to) seqs.add(target);
      }
      return Math.min(seqs.size, limit);
    },
  };
}

/** A stored event whose message was deleted in the tail is shown as its tombstone. */
function buried(row: StoredEvent, tail: readonly FollowedEntry[]): StoredEvent {
  const deletions = tail.filter(isDeletion);
  if (deletions.length === 0) return row;
  const event = fromBinary(EventSchema, row.event);
  for (const deletion of deletions) {
    if (deletion.event.body.case !== "messageDeleted") continue;
    const { targetSeq } = deletion.event.body.value;
    if (holdsContentOf(event, targetSeq)) return { ...row, event: encodeEvent(tombstoneOf(event, targetSeq)) };
  }
  return row;
}

function isDeletion({ kind }: FollowedEntry): boolean {
  return kind === "messageDeleted";
}

function tombstoneBytes(view: MessageView): Uint8Array {
  return encodeEvent(tombstoneOf(fromBinary(EventSchema, view.posted), BigInt(view.seq)));
}
