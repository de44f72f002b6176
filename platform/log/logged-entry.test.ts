import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { HeaderSchema } from "#gen/parley/log/v1/record_pb.js";
import { newConversationId } from "#platform/runtime/ids.ts";
import { eventOf } from "#platform/testing/records.ts";
import { LoggedEntry } from "./logged-entry.ts";

const place = { shard: 3, position: 70, incarnation: 2 };
const id = newConversationId(3);
const members = [{ userId: "ada" }, { userId: "bo", role: 7 }];
const attachments = [{ mediaId: "m", fileName: "ä.png", size: -1n }];

/** One of each kind that an event may have. */
const bodies: Parameters<typeof eventOf>[2][] = [
  { case: "conversationCreated", value: { kind: 2, name: "Tee ☕", members } },
  { case: "messagePosted", value: { content: { text: "hé", attachments, replyTo: 2n ** 63n, action: true } } },
  { case: "messageEdited", value: { targetSeq: 3n, content: { text: "x".repeat(300) } } },
  { case: "messageDeleted", value: { targetSeq: 3n, targetCount: 2n } },
  { case: "membersAdded", value: { members } },
  { case: "memberRemoved", value: { userId: "ada" } },
  { case: "roleChanged", value: { userId: "ada", role: 3 } },
  { case: "conversationChanged", value: { name: "" } },
  { case: "nameChanged", value: { userId: "ada", oldName: "a", newName: "b" } },
  { case: "tombstone", value: { targetSeq: 3n } },
  { case: "void", value: { from: 4n, to: 2n ** 32n } },
];
const encodedEvent = fc
  .record({ seq: fc.nat(), body: fc.constantFrom(...bodies), seconds: fc.bigInt({ min: -1n, max: 2n ** 40n }) })
  .map(({ seq, body, seconds }) => {
    const event = { ...eventOf(id, seq, body), time: { $typeName: "google.protobuf.Timestamp", seconds, nanos: 5 } };
    return toBinary(EventSchema, event as Event);
  });

/** Bytes that differ in a few places from what they are made of. */
function damaged(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const cut = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.nat(3),
    put: fc.uint8Array({ maxLength: 3 }),
  });
  return fc.tuple(bytes, fc.array(cut, { minLength: 1, maxLength: 3 })).map(([whole, cuts]) =>
    cuts.reduce((left, { at, drop, put }) => {
      const index = Math.floor(at * left.length);
      return Uint8Array.of(...left.subarray(0, index), ...put, ...left.subarray(index + drop));
    }, whole),
  );
}

/** Groups in one another, which no message here knows, in the event or in its body. */
const nested = fc.tuple(fc.integer({ min: 95, max: 102 }), fc.boolean()).map(([depth, isInBody]) => {
  const [groups, event] = [new BinaryWriter(), new BinaryWriter()];
  for (let count = 0; count < depth; count++) groups.tag(99, WireType.StartGroup);
  for (let count = 0; count < depth; count++) groups.tag(99, WireType.EndGroup);
  const bytes = groups.finish();
  const { messagePosted } = EventSchema.field;
  return isInBody ? event.tag(messagePosted.number, WireType.LengthDelimited).bytes(bytes).finish() : bytes;
});
const anyEvent = fc.oneof(
  encodedEvent,
  damaged(encodedEvent),
  fc.uint8Array({ maxLength: 40 }),
  fc.tuple(encodedEvent, encodedEvent).map((both) => Buffer.concat(both)),
  nested,
);

function decoded<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> | undefined {
  try {
    return fromBinary(schema, bytes);
  } catch {
    return undefined;
  }
}

function made(event: Uint8Array, header: Uint8Array): LoggedEntry | undefined {
  try {
    return new LoggedEntry(place, event, header);
  } catch {
    return undefined;
  }
}

test("what is told of an event before it is decoded is what it tells decoded; what can't be decoded is no entry", () => {
  fc.assert(
    fc.property(anyEvent, (bytes) => {
      const event = decoded(EventSchema, bytes);
      const entry = made(bytes, new Uint8Array());
      expect(entry === undefined).toBe(event === undefined);
      if (!entry || !event) return;
      expect([entry.conversationId, entry.seq, entry.kind]).toEqual([
        event.conversationId,
        Number(event.seq),
        event.body.case,
      ]);
      expect(entry.event).toEqual(event);
    }),
    { numRuns: 3000 },
  );
});

test("a header that can't be decoded makes no entry either", () => {
  const event = toBinary(EventSchema, eventOf(id, 1));
  const header = fc
    .record({ userId: fc.string(), clientId: fc.string(), contentHash: fc.uint8Array(), targetCount: fc.nat() })
    .map((init) => ({ $typeName: HeaderSchema.typeName, deviceId: "", traceparent: "", targetAuthorId: "", ...init }))
    .map((init) => toBinary(HeaderSchema, { ...init, targetCount: BigInt(init.targetCount) }));
  fc.assert(
    fc.property(fc.oneof(header, damaged(header), fc.uint8Array({ maxLength: 20 })), (bytes) => {
      const wanted = decoded(HeaderSchema, bytes);
      expect(made(event, bytes)?.header).toEqual(wanted);
    }),
    { numRuns: 1000 },
  );
});

const headerOfA = toBinary(HeaderSchema, fromBinary(HeaderSchema, Uint8Array.of(0x22, 1, 0x61)));
const postedByA = () => new LoggedEntry(place, toBinary(EventSchema, eventOf(id, 1)), headerOfA);
const tombstone = toBinary(EventSchema, eventOf(id, 1, { case: "tombstone", value: { targetSeq: 1n } }));

test("another event takes the place with the header of the first", () => {
  const other = postedByA().with(tombstone);
  expect([other.position, other.kind, other.header.userId]).toEqual([70, "tombstone", "a"]);
});

test("what was decoded is kept until the entry is settled, and then until another settled one is asked", () => {
  const entry = postedByA();
  const { event, header } = entry;
  expect([entry.event === event, entry.header === header]).toEqual([true, true]);
  entry.settle();
  const other = entry.with(toBinary(EventSchema, event));
  for (const [asked, next] of [
    [entry, other],
    [other, entry],
  ] as const) {
    const again = { event: asked.event, header: asked.header };
    expect(again).toEqual({ event, header });
    expect([again.event === event, again.header === header]).toEqual([false, false]);
    expect([asked.event === again.event, asked.header === again.header]).toEqual([true, true]);
    expect(next.header).toEqual(header);
    expect([asked.event === again.event, asked.header === again.header]).toEqual([false, false]);
  }
});
