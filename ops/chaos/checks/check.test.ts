import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { encodeEvent } from "#platform/log/tombstones.ts";
import type { Evidence, Operation, StoredConversation } from "../evidence.ts";
import {
  ann,
  ben,
  conversationId,
  eventOf,
  goodStory,
  markOf,
  messageRowOf,
  readingOf,
  recordOf,
} from "../testing/story.ts";
import { check } from "./check.ts";
import { longestStall } from "./stalls.ts";

const good = goodStory();
const found = (changed: Partial<Evidence>) =>
  [...new Set(check({ ...good, ...changed }).map(({ promise, kind }) => `${promise} ${kind}`))].sort();

const records = good.replicas[0]?.shards[0] ?? [];
const onBoth = (changed: typeof records) => ({
  replicas: ["n1", "n2"].map((name) => ({ name, shards: [changed] })),
});
const withOperation = (n: number, change: Partial<Operation>) => ({
  operations: good.operations.map((operation, index) => (index === n ? { ...operation, ...change } : operation)),
});
const stored = good.stored.get(conversationId);
const withStored = (change: (stored: StoredConversation) => Partial<StoredConversation>) => ({
  stored: new Map(stored ? [[conversationId, { ...stored, ...change(stored) }]] : []),
});
const posted = (seq: number, text: string) => eventOf(seq, { case: "messagePosted", value: { content: { text } } });

test("nothing is found where nothing is wrong", () => {
  expect(check(good)).toEqual([]);
});

test.for([
  ["acknowledged, and not in the log", ["P1 lost"], withOperation(2, { acknowledged: [9], lane: "another" })],
  ["told two numbers for one id", ["P1 lost", "P3 doubled"], withOperation(0, { acknowledged: [2, 9] })],
  ["asked for by nobody", ["P2 leaked"], { operations: good.operations.slice(1) }],
  ["another text than the author's", ["P2 leaked"], withOperation(0, { text: "another" })],
  ["refused, and done", ["P13 leaked"], withOperation(3, { acknowledged: [] })],
  ["of unknown outcome, and done", [], withOperation(3, { acknowledged: [], unknown: true })],
  ["sent in another order", ["P5 reordered"], withOperation(0, { turn: 9 })],
] as const)("an operation %s", ([, expected, changed]) => {
  expect(found(changed)).toEqual(expected);
});

test("a log whose copies differ, or end sooner", () => {
  const shorter = { name: "n3", shards: [records.slice(0, -1)] };
  expect(found({ replicas: [...good.replicas, shorter] })).toEqual(["P1 lost"]);
  const other = { name: "n3", shards: [records.map((record) => create(RecordSchema, { ...record, timeMs: 1n }))] };
  expect(found({ replicas: [...good.replicas, other] })).toEqual(["P4 reordered"]);
});

test("a log with a hole, a repeated effect, or an owner of the past", () => {
  expect(found(onBoth(records.filter(({ position }) => position !== 4n)))).toContain("P4 reordered");
  expect(found(onBoth([...records, recordOf(posted(2, "one"), 8)]))).toContain("P3 doubled");
  expect(found(onBoth([...records, create(RecordSchema, { position: 8n, epoch: 1n, owner: "b" })]))).toEqual([
    "P4 reordered",
  ]);
});

test.for<[string, string[], (stored: StoredConversation) => Partial<StoredConversation>]>([
  ["without an event", ["P1 lost"], ({ events }) => ({ events: events.slice(1) })],
  [
    "with what was never committed",
    ["P10 leaked"],
    ({ events }) => ({ events: [...events, { seq: 7, event: encodeEvent(posted(7, "x")) }] }),
  ],
  [
    "with what was deleted",
    ["P11 leaked"],
    ({ events }) => ({
      events: events.map((row) => (row.seq === 3 ? { seq: 3, event: encodeEvent(posted(3, "two")) } : row)),
    }),
  ],
  [
    "with another event",
    ["P4 reordered"],
    ({ events }) => ({ events: events.map((row) => ({ ...row, event: encodeEvent(posted(row.seq, "x")) })) }),
  ],
  ["without a message", ["P1 lost"], ({ messages }) => ({ messages: new Map([...messages].slice(1)) })],
  ["without a client id", ["P3 doubled"], ({ sent }) => ({ sent: sent.slice(2) })],
  [
    "with a message that still says what was deleted",
    ["P11 leaked"],
    ({ messages }) => ({
      messages: new Map(messages).set(3, { ...messageRowOf(posted(3, "two")), isDeleted: true }),
    }),
  ],
  [
    "with a message that nobody edited so",
    ["P4 reordered"],
    ({ messages }) => ({
      messages: new Map(messages).set(2, { ...messageRowOf(posted(2, "one")), edited: new Uint8Array(1) }),
    }),
  ],
  ["without a conversation", ["P1 lost"], () => ({ conversation: undefined })],
  [
    "with another name",
    ["P4 reordered"],
    ({ conversation }) => ({ conversation: { ...conversation, name: "another" } }),
  ],
  ["without a membership", ["P1 lost"], ({ memberships }) => ({ memberships: new Map([...memberships].slice(1)) })],
  [
    "with a membership that goes on",
    ["P4 reordered"],
    ({ memberships }) => ({
      memberships: new Map(memberships).set(ben, { ...memberships.get(ben), ranges: "[[1,null]]" }),
    }),
  ],
  ["with a stranger", ["P10 leaked"], ({ rolesByUser }) => ({ rolesByUser: new Map(rolesByUser).set("eve", 1) })],
  [
    "in which somebody is still found who left",
    ["P4 reordered"],
    ({ rolesByUser }) => ({ rolesByUser: new Map(rolesByUser).set(ben, 1) }),
  ],
  ["without a deletion", ["P1 lost"], () => ({ deletions: new Set() })],
  ["with a deletion of nobody's", ["P10 leaked"], ({ deletions }) => ({ deletions: new Set([...deletions, 2]) })],
  ["with a mark that fell", ["P1 lost"], () => ({ marks: new Map([[ann, { readSeq: 5, deliveredSeq: 2 }]]) })],
])("a store %s", ([, expected, change]) => {
  expect(found(withStored(change))).toEqual(expected);
});

test("marks that fall", () => {
  expect(found({ marks: [markOf(5), markOf(2)] })).toEqual(["P1 lost"]);
  expect(found({ marks: [markOf(5), { ...markOf(5), askedSeq: 2 }] })).toEqual([]);
  expect(found({ marks: [{ ...markOf(2), askedSeq: 5 }] })).toEqual(["P1 lost"]);
});

test("a reader who lacks something, has too much, or has something else", () => {
  const [, ...readings] = good.readings;
  const all = [...(good.readings[0]?.events.get(conversationId)?.values() ?? [])].map(({ event }) => event);
  expect(found({ readings: [readingOf("live", ann, all.slice(0, 4)), ...readings] })).toEqual(["P1 lost"]);
  expect(found({ readings: [readingOf("live", ben, all)] })).toEqual(["P11 leaked"]);
  expect(found({ readings: [readingOf("listed", ann, all)] })).toEqual(["P11 leaked"]);
  expect(found({ readings: [readingOf("live", ann, [...all, posted(7, "x")])] })).toEqual(["P2 leaked"]);
  expect(found({ readings: [readingOf("live", ann, [...all.slice(0, 5), posted(6, "x")])] })).toEqual(["P4 reordered"]);
});

test("the longest stall is that of a send, or of a delivery", () => {
  expect(longestStall(good).ms).toBe(10);
  const late = { ...good, ...withOperation(0, { begunMs: -40 }) };
  expect(longestStall(late).ms).toBe(50);
  expect(longestStall({ ...late, outages: [{ fromMs: -30, toMs: 5 }] }).ms).toBe(15);
});
