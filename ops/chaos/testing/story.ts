import { create } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { encodeEvent } from "#platform/log/tombstones.ts";
import type {
  AcknowledgedMark,
  Evidence,
  MessageRow,
  Operation,
  Reading,
  Seen,
  StoredConversation,
} from "../evidence.ts";

export const conversationId = "AAAAAAAAAAAAAAAAAAAAAAAA";
export const [ann, ben] = ["ann", "ben"];
const deviceId = "device";

/** A round in which nothing went wrong: Ann says some things, deletes one, and removes Ben in between. */
export function goodStory(): Evidence {
  const events = [
    eventOf(1, { case: "conversationCreated", value: { members: [{ userId: ann }, { userId: ben }] } }),
    eventOf(2, { case: "messagePosted", value: { content: { text: "one" } } }),
    eventOf(3, { case: "messagePosted", value: { content: { text: "two" } } }),
    eventOf(4, { case: "memberRemoved", value: { userId: ben } }),
    eventOf(5, { case: "messagePosted", value: { content: { text: "three" } } }),
    eventOf(6, { case: "messageDeleted", value: { targetSeq: 3n } }),
  ];
  const buried = eventOf(3, { case: "tombstone", value: { targetSeq: 3n } });
  const now = events.map((event) => (event.seq === 3n ? buried : event));
  const records = [ownerRecord(), ...events.map((event, n) => recordOf(event, n + 2))];
  return {
    conversations: [conversationId],
    operations: events.slice(1).map(operationOf),
    marks: [markOf(2), markOf(5)],
    replicas: [
      { name: "n1", shards: [records] },
      { name: "n2", shards: [records] },
    ],
    stored: new Map([[conversationId, storedOf(now)]]),
    readings: [
      readingOf("live", ann, events),
      readingOf("live", ben, events.slice(0, 4)),
      readingOf("listed", ann, now),
    ],
    outages: [],
    noticed: [],
  };
}

export function eventOf(
  seq: number,
  body: NonNullable<Parameters<typeof create<typeof EventSchema>>[1]>["body"],
): Event {
  return create(EventSchema, { conversationId, seq: BigInt(seq), authorId: ann, ...(body ? { body } : {}) });
}

export function recordOf(event: Event, position: number): LogRecord {
  const header = { userId: ann, deviceId, clientId: `id ${event.seq}` };
  const entries = [{ event: encodeEvent(event), header }];
  return create(RecordSchema, { position: BigInt(position), epoch: 1n, incarnation: 1n, entries });
}

function ownerRecord(): LogRecord {
  return create(RecordSchema, { position: 1n, epoch: 1n, incarnation: 1n, owner: "a process", entries: [{}] });
}

export function readingOf(kind: Reading["kind"], userId: string, events: readonly Event[]): Reading {
  const seen = new Map(events.map((event): [number, Seen] => [Number(event.seq), { event, atMs: 20 }]));
  return { name: `${userId}, ${kind}`, kind, userId, events: new Map([[conversationId, seen]]) };
}

function storedOf(events: readonly Event[]): StoredConversation {
  const messages = events.filter(({ body }) => body.case === "messagePosted" || body.case === "tombstone");
  const member = { role: 1, joined: "[1,0]", lastOwn: "[0,0]" };
  return {
    conversation: { name: "", posting: 1, owners: "[]", head: events.length, messages: 3, members: 1 },
    memberships: new Map([
      [ann, { ...member, ranges: "[[1,null]]", lastOwn: "[5,3]" }],
      [ben, { ...member, ranges: "[[1,4]]", role: 0 }],
    ]),
    rolesByUser: new Map([
      [ann, 1],
      [ben, 0],
    ]),
    deletions: new Set([3]),
    marks: new Map([[ann, { readSeq: 5, deliveredSeq: 5 }]]),
    events: events.map((event) => ({ seq: Number(event.seq), event: encodeEvent(event) })),
    messages: new Map(messages.map((event) => [Number(event.seq), messageRowOf(event)])),
    sent: events.map(({ seq }) => ({ userId: ann, deviceId, clientId: `id ${seq}`, seq: Number(seq) })),
  };
}

export function messageRowOf(event: Event): MessageRow {
  return { isDeleted: event.body.case === "tombstone", posted: encodeEvent(event), edited: undefined };
}

export function markOf(seq: number): AcknowledgedMark {
  return { userId: ann, conversationId, askedSeq: seq, readSeq: seq, deliveredSeq: seq };
}

const verbs = { messagePosted: "send", memberRemoved: "remove", messageDeleted: "delete" } as const;

function operationOf({ seq, body }: Event, turn: number): Operation {
  const verb = body.case && body.case in verbs ? verbs[body.case as keyof typeof verbs] : "send";
  return {
    verb,
    userId: ann,
    deviceId,
    conversationId,
    clientId: `id ${seq}`,
    text: body.case === "messagePosted" ? (body.value.content?.text ?? "") : "",
    lane: "ann",
    turn,
    begunMs: 0,
    endedMs: 10,
    acknowledged: [Number(seq)],
    acknowledgedMs: 10,
    unknown: false,
  };
}
