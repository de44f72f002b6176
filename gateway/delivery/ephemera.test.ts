import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MarksSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { CloseReason } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { TypingSchema } from "#gen/parley/presence/v1/presence_pb.js";
import type { Bus } from "#platform/bus/bus.ts";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { audienceOf, deliveryOver, Reader } from "../testing/reader.ts";
import { body, openWorld, type World } from "../testing/world.ts";
import type { Delivery } from "./delivery.ts";
import { marksIntervalMs, maxEphemeralMembers, passEphemera } from "./ephemera.ts";

let world: World;
let delivery: Delivery;
let bus: Bus;
let stop = () => {};
const [ann, ben] = [uuidv7(), uuidv7()];

beforeEach(async () => {
  world = await openWorld({ shards: 1 });
  const audience = audienceOf(world);
  delivery = deliveryOver(world, 1, audience);
  bus = createMemoryBus();
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
  stop = passEphemera(bus, audience, Date.now);
});

afterEach(async () => {
  stop();
  delivery.close(CloseReason.STOPPING);
  vi.useRealTimers();
  await world.close();
});

async function reading(user: string, device = user): Promise<Reader> {
  const reader = new Reader(delivery, user, device);
  await reader.catchUp();
  return reader;
}

async function kindsTo(reader: Reader): Promise<string[]> {
  await reader.take(9);
  return reader.client.takeKinds().filter((kind) => kind === "mark" || kind === "typing");
}

async function mark(conversationId: string, readSeq: bigint): Promise<void> {
  bus.publish("marks", toBinary(MarksSchema, create(MarksSchema, { conversationId, userId: ben, readSeq })));
  await Promise.resolve();
}

async function type(conversationId: string): Promise<void> {
  const typing = create(TypingSchema, { conversationId, userId: ben, typing: true });
  bus.publish("typing", toBinary(TypingSchema, typing));
  await Promise.resolve();
}

test("of marks within a second the first and the last are told", async () => {
  const reader = await reading(ann);
  const { id } = await world.create(ConversationKind.GROUP, [ann, ben], 0);
  for (const seq of [1n, 2n, 3n]) await mark(id, seq);
  expect(await kindsTo(reader)).toEqual(["mark"]);
  vi.advanceTimersByTime(marksIntervalMs);
  await reader.take(9);
  expect(reader.client.frames).toMatchObject([{ case: "mark", value: { userId: ben, readSeq: 3n } }]);
});

test.each([
  ["of 100 members", 0, ["mark", "typing"], ["mark"]],
  ["of 101 members", 1, [], ["mark"]],
])("in a conversation %s others see marks and typing, and the user the own marks", async (_, beyond, others, own) => {
  const [reader, phone] = [await reading(ann), await reading(ben)];
  const more = Array.from({ length: maxEphemeralMembers - 2 + beyond }, () => uuidv7());
  const { id } = await world.create(ConversationKind.GROUP, [ann, ben, ...more], 0);
  await mark(id, 1n);
  await type(id);
  expect(await kindsTo(reader)).toEqual(others);
  expect(await kindsTo(phone)).toEqual(own);
});

test("own marks that come during a replay are told once it ends", async () => {
  const phone = await reading(ben);
  const { id } = await world.create(ConversationKind.GROUP, [ann, ben], 0);
  await phone.close(CloseReason.STOPPING);
  phone.client.takeKinds();
  await phone.connect();
  await mark(id, 1n);
  await phone.take(9);
  expect(phone.client.takeKinds()).toEqual(["joined", "event", "mark", "caughtUp"]);
});

test("who was removed is told of nothing any more", async () => {
  const reader = await reading(ann);
  const group = await world.create(ConversationKind.GROUP, [ann, ben], 0);
  await world.append(group, ben, body({ case: "memberRemoved", value: { userId: ann } }));
  await mark(group.id, 1n);
  await type(group.id);
  expect(await kindsTo(reader)).toEqual([]);
});
