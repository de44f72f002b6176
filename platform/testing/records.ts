import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";

/** A record of entries that are events, or of `count` entries with events that nobody decodes. */
export function recordOf(position: number, events: readonly Event[], more: RecordMore = {}): LogRecord {
  const entries = events.map((event) => ({ event: toBinary(EventSchema, event), header: { userId: event.authorId } }));
  return create(RecordSchema, { position: BigInt(position), epoch: 1n, incarnation: 1n, entries, ...more });
}

export type RecordMore = Omit<MessageInitShape<typeof RecordSchema>, "position" | "$typeName">;

/** The record that takes a shard. */
export function ownerRecordOf(position: number, epoch: number, owner = "another process"): LogRecord {
  return create(RecordSchema, {
    position: BigInt(position),
    epoch: BigInt(epoch),
    incarnation: 1n,
    owner,
    entries: [{}],
  });
}

/** A record of `count` entries that hold `bytes` bytes each and no event. */
export function bulkRecordOf(position: number, count: number, bytes = 0): LogRecord {
  const header = { userId: "x".repeat(bytes) };
  return create(RecordSchema, {
    position: BigInt(position),
    epoch: 1n,
    incarnation: 1n,
    entries: Array.from({ length: count }, () => ({ header })),
  });
}

/** A message that was posted, unless another body is given. */
export function eventOf(
  conversationId: string,
  seq: number,
  body: MessageInitShape<typeof EventSchema>["body"] = {
    case: "messagePosted",
    value: { content: { text: `message ${seq}` } },
  },
): Event {
  return create(EventSchema, { conversationId, seq: BigInt(seq), messageCount: BigInt(seq), authorId: "ada", body });
}
