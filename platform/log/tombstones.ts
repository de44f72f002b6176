import { create, toBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry } from "./following.ts";

/** What stands where a deleted message, or an edit of it, was: everything but the content. */
export function tombstoneOf(event: Event, targetSeq: bigint): Event {
  return create(EventSchema, {
    conversationId: event.conversationId,
    seq: event.seq,
    ...(event.time ? { time: event.time } : {}),
    messageCount: event.messageCount,
    authorId: event.authorId,
    body: { case: "tombstone", value: { targetSeq } },
  });
}

/** Whether the event holds content of the message `targetSeq`: the message itself, or an edit of it. */
export function holdsContentOf(event: Event, targetSeq: bigint): boolean {
  if (event.body.case === "messagePosted") return event.seq === targetSeq;
  return event.body.case === "messageEdited" && event.body.value.targetSeq === targetSeq;
}

/** The same of an entry: it is decoded only where it is an edit. */
export function entryHoldsContentOf(entry: FollowedEntry, targetSeq: bigint): boolean {
  if (entry.kind === "messagePosted") return entry.seq === Number(targetSeq);
  return entry.kind === "messageEdited" && holdsContentOf(entry.event, targetSeq);
}

/** The bytes that everybody gets. Fields that the contract does not know are left out. */
export function encodeEvent(event: Event): Uint8Array {
  return toBinary(EventSchema, event, { writeUnknownFields: false });
}
