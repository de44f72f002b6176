import { fromBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConversationKind, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { body, type ModelConversation, openWorld, type World } from "../testing/world.ts";
import { SharedHistory } from "./shared-history.ts";

const posted = body({ case: "messagePosted", value: { content: { text: "hello" } } });
let world: World;
let group: ModelConversation;
let calls: number;
let history: SharedHistory;

beforeEach(async () => {
  world = await openWorld({ shards: 1 });
  group = await world.create(ConversationKind.GROUP, ["ann"], 0);
  await post(449);
  calls = 0;
  const readEvents: typeof world.chat.readEvents = (...call) => {
    calls++;
    return world.chat.readEvents(...call);
  };
  history = new SharedHistory({ ...world.chat, readEvents }, world.following);
});
afterEach(() => world.close());

async function post(count: number): Promise<void> {
  for (let posts = 0; posts < count; posts++) await world.append(group, "ann", posted);
}

const seqs = (entries: readonly { seq: number }[] | undefined) => entries?.map(({ seq }) => seq);
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("a block is read once for all who ask for a part of it, and they get the same entries", async () => {
  const runs = Array.from({ length: 1_000 }, (_, index) => ({ from: 201 + (index % 100), to: 400 }));
  const answers = await Promise.all(runs.map((run) => history.events(group.id, run)));
  // An answer of the chat service holds 50 here.
  expect(calls).toBe(200 / 50);
  for (const [index, { from, to }] of runs.entries()) expect(seqs(answers[index])).toEqual(upTo(from, to));
  expect(answers[0]?.at(-1)).toBe(answers[1]?.at(-1));
  expect(seqs(await history.events(group.id, { from: 150, to: 250 }))).toEqual(upTo(150, 250));
});

test("a block that may lack what is asked for is read again; what nobody has is not to be had", async () => {
  expect(seqs(await history.events(group.id, { from: 441, to: 450 }))).toEqual(upTo(441, 450));
  await post(5);
  expect(seqs(await history.events(group.id, { from: 441, to: 455 }))).toEqual(upTo(441, 455));
  expect(await history.events(group.id, { from: 441, to: 456 })).toBeUndefined();
});

test("what is deleted later is never told from a block that was read before", async () => {
  await history.events(group.id, { from: 10, to: 20 });
  await world.append(group, "ann", body({ case: "messageDeleted", value: { targetSeq: 12n, targetCount: 11n } }));
  const entries = await history.events(group.id, { from: 11, to: 13 });
  expect(entries?.map(({ event }) => event.body.case)).toEqual(["messagePosted", "tombstone", "messagePosted"]);
});

test("what was deleted is not told where who answers has yet to hear of that", async () => {
  const answers = new Map<unknown, ReturnType<typeof world.chat.readEvents>>();
  const readEvents: typeof world.chat.readEvents = (request, options) => {
    const answer = answers.get(request.fromSeq) ?? world.chat.readEvents(request, options);
    answers.set(request.fromSeq, answer);
    return answer;
  };
  const late = () => new SharedHistory({ ...world.chat, readEvents }, world.following);
  await late().events(group.id, { from: 10, to: 20 });
  await world.append(group, "ann", body({ case: "messageDeleted", value: { targetSeq: 12n, targetCount: 11n } }));
  const entries = await late().events(group.id, { from: 11, to: 13 });
  expect(entries?.map(({ event }) => event.body.case)).toEqual(["messagePosted", "tombstone", "messagePosted"]);
  expect(fromBinary(EventSchema, entries?.[1]?.bytes ?? new Uint8Array()).body.case).toBe("tombstone");
});

test("a read that fails is not kept", async () => {
  let failures = 1;
  const readEvents: typeof world.chat.readEvents = (...call) =>
    failures-- > 0 ? Promise.reject(new Error("out of reach")) : world.chat.readEvents(...call);
  const failing = new SharedHistory({ ...world.chat, readEvents }, world.following);
  await expect(failing.events(group.id, { from: 1, to: 5 })).rejects.toThrow("out of reach");
  expect(seqs(await failing.events(group.id, { from: 1, to: 5 }))).toEqual(upTo(1, 5));
});

test("the head is at least what stands below the ring", async () => {
  const heads = await Promise.all([history.head(group.id), history.head(group.id)]);
  expect([heads, calls]).toEqual([[450, 450], 1]);
});
