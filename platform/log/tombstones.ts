import { create, toBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";

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

/** The bytes that everybody gets. Fields that the contract does not know are left out. */
export function encodeEvent(event: Event): Uint8Array {
  return toBinary(EventSchema, event, { writeUnknownFields: false });
}
