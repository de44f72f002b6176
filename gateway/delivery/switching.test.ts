import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CloseReason, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind, type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { HeaderSchema } from "#gen/parley/log/v1/record_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";
import { newConversationId, userId } from "#platform/runtime/ids.ts";
import { deliveryOver, identityOf, Reader } from "../testing/reader.ts";
import { TakenFrames } from "../testing/taken-frames.ts";
import { body, type ModelConversation, openWorld, type World } from "../testing/world.ts";
import type { Delivery } from "./delivery.ts";
import { eventItem } from "./frames.ts";
import { Membership } from "./membership.ts";
import { Stream } from "./stream.ts";

let world: World;
let delivery: Delivery;
const [ann, ben] = ["ann", "ben"];
const posted = body({ case: "messagePosted", value: { content: { text: "hello" } } });

beforeEach(async () => {
  world = await openWorld({ shards: 1 });
  delivery = deliveryOver(world);
});
afterEach(() => world.close());

/** Posts one message after the other until it is told to end. */
function talk(to: ModelConversation): () => Promise<void> {
  let isTalking = true;
  const talking = (async () => {
    while (isTalking) await world.append(to, ben, posted);
  })();
  return () => {
    isTalking = false;
    return talking;
  };
}

test("a stream that goes live while people talk without pause misses nothing, and is told nothing twice", async () => {
  const reader = new Reader(delivery, ann);
  await reader.catchUp();
  const group = await world.create(ConversationKind.GROUP, [ann, ben], 0);
  const quiet = talk(group);
  for (let resumed = 0; resumed < 100; resumed++) {
    await reader.close(CloseReason.STOPPING);
    await world.following.reached(0, world.following.tail(0) + 1, 5_000);
    await reader.connect();
    // Frame by frame until it is live, then on for as long as something waits.
    while (reader.stream && !reader.stream.isLive) await reader.take(1);
    expect(reader.stream?.told).toEqual([world.following.tail(0)]);
    await reader.take(3);
  }
  await quiet();
  await reader.catchUp();
  await reader.close(CloseReason.STOPPING);
  expect(reader.client.held.get(group.id)?.last).toBe(group.events.length);
  const told = reader.client.frames.flatMap((frame) => (frame.case === "event" ? [Number(frame.value.seq)] : []));
  expect(told).toEqual([...new Set(told)]);
});

test("what comes while the marks are fetched, the last thing before a stream is live, is told", async () => {
  const reader = new Reader(delivery, ann);
  await reader.catchUp();
  const group = await world.create(ConversationKind.GROUP, [ann, ben], 0);
  await reader.take(9);
  await reader.close(CloseReason.STOPPING);
  const listChangedMarks: typeof world.chat.listChangedMarks = async (...call) => {
    await world.append(group, ben, posted);
    return await world.chat.listChangedMarks(...call);
  };
  const busy = deliveryOver({ ...world, chat: { ...world.chat, listChangedMarks } });
  const request = create(SubscribeRequestSchema, { token: reader.client.token });
  const stream = await busy.open(identityOf(ann, ann), request, new AbortController().signal);
  const kinds: unknown[] = [];
  const frames = new TakenFrames(stream);
  while (!stream.isLive || stream.hasFrames) kinds.push((await frames.next())?.frame.case);
  expect(kinds).toEqual(["event", "caughtUp"]);
  stream.abandon();
});

test("a live stream is not told what its token covers, though this node has followed it only now", async () => {
  const id = newConversationId(0);
  const membership = new Membership();
  membership.kind = ConversationKind.GROUP;
  membership.learn({ seq: 1, added: true });
  const deps = { tails: () => [0], seal: () => "token", now: () => 0, closed: () => {}, failed: () => {} };
  const stream = new Stream(deps, identityOf(ann, ann), { positions: [7], token: "" });
  stream.goLive();
  const entry = (position: number): FollowedEntry => {
    const event: Event = create(EventSchema, {
      conversationId: id,
      seq: BigInt(position),
      authorId: ben,
      body: posted,
    });
    const header = create(HeaderSchema, { userId: userId(ben) });
    const bytes = new Uint8Array();
    const place = { shard: 0, position, incarnation: 1, conversationId: id, seq: position };
    return { ...place, kind: event.body.case, event, bytes, header };
  };
  const tell = (position: number) => stream.tell(entry(position), eventItem(entry(position)), membership);
  const nextKind = () => stream.take()?.frame.message.frame.case ?? "nothing";
  expect(nextKind()).toBe("caughtUp");
  for (const position of [6, 7]) tell(position);
  expect(nextKind()).toBe("nothing");
  tell(8);
  expect(nextKind()).toBe("event");
});

test("until a client was told of its marks, its tokens are as old as the one it came with", () => {
  const seal = (_holder: unknown, _covers: unknown, time?: number) => (time === undefined ? "now" : `${time}`);
  const deps = { tails: () => [0], seal, now: () => 9, closed: () => {}, failed: () => {} };
  const open = () => new Stream(deps, identityOf(ann, ann), { positions: [7], token: "", marksSince: 5 });
  const takeToken = (stream: Stream) => {
    const frame = stream.take()?.frame.message.frame;
    return frame && "token" in (frame.value ?? {}) ? frame.value : undefined;
  };
  const replaying = open();
  replaying.heartbeat();
  expect(takeToken(replaying)).toMatchObject({ token: "5" });
  replaying.goLive();
  expect(takeToken(replaying)).toMatchObject({ token: "now" });
  replaying.close(CloseReason.STOPPING);
  expect(takeToken(replaying)).toMatchObject({ token: "now" });
  const interrupted = open();
  interrupted.goLive();
  interrupted.close(CloseReason.STOPPING);
  expect(takeToken(interrupted)).toMatchObject({ token: "5" });
});
