import { create } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { CloseReason, SkipReason, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { ChatErrorReason } from "#gen/parley/chat/v1/errors_pb.js";
import { ConversationKind, Role } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { createSealer } from "#platform/runtime/sealing.ts";
import { deliveryOver, identityOf, Reader } from "../testing/reader.ts";
import { body, type ModelConversation, openWorld, type World } from "../testing/world.ts";
import { type Delivery, maxStreamsPerDevice } from "./delivery.ts";
import { maxQueuedFrames } from "./frame-queue.ts";
import { maxReplayedEvents } from "./replay-limit.ts";
import { sealCursor } from "./resume-token.ts";

let world: World;
let delivery: Delivery;
let [ann, ben] = ["", ""];

beforeAll(async () => {
  world = await openWorld({ shards: 2 });
  delivery = deliveryOver(world);
});

afterEach(() => delivery.close(CloseReason.STOPPING));
afterAll(() => world.close());

async function reading(user: string, device = user): Promise<Reader> {
  const reader = new Reader(delivery, user, device);
  await reader.catchUp();
  reader.client.takeKinds();
  return reader;
}

/** A new conversation that the readers were told of. */
async function conversationOf(kind: ConversationKind, members: string[], ...readers: Reader[]) {
  const conversation = await world.create(kind, members, 0);
  for (const reader of readers) {
    await reader.take(2);
    expect(reader.client.takeKinds()).toEqual(["joined", "event"]);
  }
  return conversation;
}

async function post(to: ModelConversation, author: string, times = 1, clientId = uuidv7()): Promise<void> {
  const posted = body({ case: "messagePosted", value: { content: { text: "hello" } } });
  for (let time = 0; time < times; time++) await world.append(to, author, posted, time === 0 ? clientId : uuidv7());
}

async function add(to: ModelConversation, user: string): Promise<void> {
  const members = [{ userId: user, role: Role.MEMBER }];
  await world.append(to, ann, body({ case: "membersAdded", value: { members } }));
}

async function remove(to: ModelConversation, user: string): Promise<void> {
  await world.append(to, ann, body({ case: "memberRemoved", value: { userId: user } }));
}

function newPeople(): void {
  [ann, ben] = [uuidv7(), uuidv7()];
}

test("a frame that passes numbers held back does not make the token cover them", async () => {
  newPeople();
  const reader = await reading(ann);
  const channel = await conversationOf(ConversationKind.CHANNEL, [ann], reader);
  const group = await conversationOf(ConversationKind.GROUP, [ann], reader);
  await add(channel, ben);
  await post(group, ben);
  await reader.take(1);
  expect(reader.client.takeKinds()).toEqual(["event"]);
  await reader.close(CloseReason.SLOW);
  await post(channel, ben);
  await reader.catchUp();
  expect(reader.client.takeKinds()).toEqual(["closed", "event", "skip", "event", "caughtUp"]);
});

test("a stream that breaks between a removal and its `left` tells both again", async () => {
  newPeople();
  const reader = await reading(ben);
  const group = await conversationOf(ConversationKind.GROUP, [ann, ben], reader);
  await remove(group, ben);
  await reader.take(1);
  expect(reader.client.takeKinds()).toEqual(["event"]);
  await reader.close(CloseReason.STOPPING);
  await reader.catchUp();
  expect(reader.client.takeKinds()).toEqual(["closed", "event", "left", "caughtUp"]);
  await post(group, ann);
  await reader.take(1);
  expect(reader.client.takeKinds()).toEqual([]);
});

test("numbers to pass over are merged and told before a heartbeat", async () => {
  newPeople();
  const reader = await reading(ann);
  const channel = await conversationOf(ConversationKind.CHANNEL, [ann], reader);
  await add(channel, ben);
  await remove(channel, ben);
  reader.stream?.heartbeat();
  await reader.take(9);
  const [skip, heartbeat] = reader.client.frames;
  expect(skip).toMatchObject({ case: "skip", value: { fromSeq: 2n, toSeq: 3n, reason: SkipReason.MEMBERSHIP } });
  expect(heartbeat?.case).toBe("heartbeat");
});

test.each([
  ["at the limit is replayed", 0, ["event"]],
  ["one beyond it is left to the client", 1, ["limited"]],
])("what was missed of a conversation: %s", async (_, beyond, kinds) => {
  newPeople();
  const reader = await reading(ann);
  const group = await conversationOf(ConversationKind.GROUP, [ann], reader);
  await reader.close(CloseReason.STOPPING);
  reader.client.takeKinds();
  await post(group, ben, maxReplayedEvents + beyond);
  await reader.catchUp();
  const told = reader.client.takeKinds();
  expect([...new Set(told.slice(0, -1))]).toEqual(kinds);
  expect(told).toHaveLength(beyond ? 2 : maxReplayedEvents + 1);
  await post(group, ben);
  await reader.take(9);
  expect(reader.client.takeKinds()).toEqual(["event"]);
});

test("a client that does not read is closed when the queue is full, and resumes without a hole", async () => {
  newPeople();
  const reader = await reading(ann);
  const group = await conversationOf(ConversationKind.GROUP, [ann], reader);
  await post(group, ben, 3);
  await reader.take(3);
  await post(group, ben, maxQueuedFrames + 1);
  await reader.take(1);
  const closed = reader.client.frames.at(-1);
  expect(closed).toMatchObject({ case: "closed", value: { reason: CloseReason.SLOW } });
  expect(closed?.case === "closed" && closed.value.retryAfter).toBeTruthy();
  await reader.catchUp();
  expect(reader.client.held.get(group.id)?.last).toBe(group.events.length);
  expect(reader.client.frames.filter((frame) => frame.case === "event" && frame.value.seq <= 4n)).toHaveLength(3);
});

test("every device of the author is told of the message just before it comes, nobody else is", async () => {
  newPeople();
  const devices = [await reading(ann), await reading(ann, "phone"), await reading(ben)];
  const group = await conversationOf(ConversationKind.GROUP, [ann, ben], ...devices);
  const clientId = uuidv7();
  await post(group, ann, 1, clientId);
  for (const device of devices) await device.take(9);
  expect(devices[0]?.client.frames[0]).toMatchObject({ case: "sent", value: { clientId, seq: 2n } });
  expect(devices.map(({ client }) => client.takeKinds())).toEqual([["sent", "event"], ["sent", "event"], ["event"]]);
});

test("lost numbers reset what the client holds above them and are passed over", async () => {
  newPeople();
  const reader = await reading(ann);
  const group = await conversationOf(ConversationKind.GROUP, [ann], reader);
  await world.append(group, ann, body({ case: "void", value: { from: 2n, to: 2n } }));
  await reader.take(9);
  expect(reader.client.frames).toMatchObject([
    { case: "reset", value: { conversationId: group.id, keepSeq: 1n } },
    { case: "skip", value: { fromSeq: 2n, toSeq: 2n, reason: SkipReason.VOID } },
  ]);
});

test("the oldest stream of a device gives way to one too many", async () => {
  newPeople();
  const readers: Reader[] = [];
  for (let count = 0; count <= maxStreamsPerDevice; count++) readers.push(await reading(ann));
  const other = await reading(ann, "phone");
  await readers[0]?.take(1);
  expect(readers[0]?.client.frames).toMatchObject([{ case: "closed", value: { reason: CloseReason.REPLACED } }]);
  expect(readers.slice(1).map(({ stream }) => stream?.isClosed)).toEqual([false, false, false, false]);
  expect(other.stream?.isClosed).toBe(false);
});

function opening(token: string, user = ann, device = ann) {
  const request = create(SubscribeRequestSchema, { token });
  return delivery.open(identityOf(user, device), request, new AbortController().signal);
}

function tokenOf(shards: { incarnation: number; position: number }[]): string {
  return sealCursor(createSealer(new Uint8Array(32)), identityOf(ann, ann), { time: Date.now(), shards });
}

test("a token that is malformed, forged or another's is refused", async () => {
  newPeople();
  const reader = await reading(ann);
  const { token } = reader.client;
  const invalid = { reason: ChatErrorReason.INVALID_TOKEN };
  await expect(opening("nonsense")).rejects.toMatchObject(invalid);
  await expect(opening(`${token.slice(0, -2)}zz`)).rejects.toMatchObject(invalid);
  await expect(opening(token, ben, ann)).rejects.toMatchObject(invalid);
  await expect(opening(token, ann, "phone")).rejects.toMatchObject(invalid);
  expect(delivery.streams.size).toBe(1);
});

test.each([
  ["beyond the tail", 1, 1],
  ["of a later life of the log", 2, 0],
])("a token %s proves that events were lost: its shard stops", async (_, incarnation, beyond) => {
  newPeople();
  const damaged = await openWorld({ shards: 1 });
  const refusing = deliveryOver(damaged);
  const request = create(SubscribeRequestSchema, { token: tokenOf([{ incarnation, position: beyond }]) });
  const open = () => refusing.open(identityOf(ann, ann), request, new AbortController().signal);
  await expect(open()).rejects.toMatchObject({ reason: ChatErrorReason.SHARD_STOPPED });
  expect(damaged.following.stopped(0)).toContain("resume token");
  await damaged.close();
});

test("after a restore a client drops what it holds and starts from now", async () => {
  newPeople();
  const reader = await reading(ann);
  const group = await conversationOf(ConversationKind.GROUP, [ann], reader);
  await reader.close(CloseReason.STOPPING);
  await post(group, ben);
  const restored = new Reader(deliveryOver(world, 2), ann);
  restored.client.token = reader.client.token;
  await restored.catchUp();
  expect(restored.client.frames).toMatchObject([
    { case: "reset", value: { conversationId: "" } },
    { case: "caughtUp" },
  ]);
  await post(group, ben);
  expect(restored.stream?.hasFrames).toBe(true);
  restored.drop(false);
});

test("a shard that the token does not name is told from its beginning", async () => {
  newPeople();
  const elsewhere = await world.create(ConversationKind.GROUP, [ann], 1);
  const reader = new Reader(delivery, ann);
  reader.client.token = tokenOf([{ incarnation: 1, position: world.following.tail(0) }]);
  await reader.catchUp();
  expect(reader.client.held.get(elsewhere.id)?.last).toBe(1);
});

test("where the log is trimmed, one frame a conversation says what may be missed", async () => {
  newPeople();
  const trimmed = await openWorld({ shards: 1, ringBytes: 1 });
  const reader = new Reader(deliveryOver(trimmed), ann);
  await reader.catchUp();
  const [open, ended] = [
    await trimmed.create(ConversationKind.GROUP, [ann, ben], 0),
    await trimmed.create(ConversationKind.GROUP, [ann, ben], 0),
  ];
  await reader.take(9);
  await reader.close(CloseReason.STOPPING);
  const posted = body({ case: "messagePosted", value: { content: { text: "hello" } } });
  for (const to of [open, ended]) await trimmed.append(to, ben, posted);
  await trimmed.append(ended, ben, body({ case: "memberRemoved", value: { userId: ann } }));
  await trimmed.append(ended, ben, posted);
  trimmed.project(0, trimmed.following.tail(0));
  await trimmed.append(open, ben, posted);
  await trimmed.log.trim(0, trimmed.following.tail(0));
  reader.client.takeKinds();
  await reader.catchUp();
  const kinds = reader.client.takeKinds();
  expect([kinds.slice(0, 2).sort(), kinds.slice(2)]).toEqual([
    ["left", "limited"],
    ["event", "caughtUp"],
  ]);
  expect(reader.client.held.get(open.id)?.last).toBe(3);
  expect(reader.client.held.get(ended.id)).toMatchObject({ last: 3, isMember: false });
  reader.drop(false);
  await trimmed.close();
});

test("what the store tells and what the ring tells count together towards the limit", async () => {
  newPeople();
  const small = await openWorld({ shards: 1, ringBytes: 1 });
  const reader = new Reader(deliveryOver(small), ann);
  await reader.catchUp();
  const group = await small.create(ConversationKind.GROUP, [ann, ben], 0);
  await reader.take(9);
  await reader.close(CloseReason.STOPPING);
  const posted = body({ case: "messagePosted", value: { content: { text: "hello" } } });
  for (let count = 0; count < maxReplayedEvents; count++) await small.append(group, ben, posted);
  small.project(0, small.following.tail(0) - 1);
  for (let count = 0; count < 10; count++) await small.append(group, ben, posted);
  expect(small.following.ringStart(0)).toBeGreaterThan(100);
  reader.client.takeKinds();
  await reader.catchUp();
  const kinds = reader.client.takeKinds();
  expect(kinds.filter((kind) => kind === "event").length).toBeLessThanOrEqual(maxReplayedEvents);
  expect(kinds.slice(-2)).toEqual(["limited", "caughtUp"]);
  expect(reader.client.held.get(group.id)?.last).toBe(group.events.length);
  reader.drop(false);
  await small.close();
});
