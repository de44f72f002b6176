import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CloseReason, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import type { PackedRecord } from "#gen/parley/log/v1/record_pb.js";
import type { EventLog } from "#platform/log/event-log.ts";
import { until } from "#platform/testing/until.ts";
import { deliveryOver, identityOf, Reader } from "../testing/reader.ts";
import { TakenFrames } from "../testing/taken-frames.ts";
import { body, openWorld, type World } from "../testing/world.ts";
import type { Stream } from "./stream.ts";

const posted = body({ case: "messagePosted", value: { content: { text: "hello" } } });

/** Events that come one by one, each time that the end was seen. */
const more = 5;

/** A log whose live records are shown when the test says so. */
function createHeldBack() {
  const held: PackedRecord[] = [];
  let show: ((record: PackedRecord) => void) | undefined;
  let isHolding = false;
  return {
    held,
    hold: () => (isHolding = true),
    showOne() {
      const record = held.shift();
      if (record) show?.(record);
    },
    over: (log: EventLog): EventLog => ({
      ...log,
      follow(shard, from, follower, signal) {
        show = (record) => follower.onRecord(record);
        const onRecord = (record: PackedRecord) => void (isHolding ? held.push(record) : follower.onRecord(record));
        log.follow(shard, from, { onRecord, onTail: () => {} }, signal);
      },
    }),
  };
}

/** The world as a delivery sees it that is told more right after it has looked where the log ends. */
function withMoreAfterLooking(world: World, isAtEnd: (tail: number) => boolean, more: () => void): World {
  const tail = (shard: number) => {
    const at = world.following.tail(shard);
    if (isAtEnd(at)) more();
    return at;
  };
  return { ...world, following: { ...world.following, tail } };
}

async function after(microtasks: number, act: () => void): Promise<void> {
  for (let count = 0; count < microtasks; count++) await undefined;
  act();
}

test.each(Array.from({ length: 8 }, (_, microtasks) => microtasks))(
  "what is followed %i microtasks after a replay has seen the end is told before the stream is live, or live",
  async (microtasks) => {
    const heldBack = createHeldBack();
    const world = await openWorld({ shards: 1, over: heldBack.over });
    const before = new Reader(deliveryOver(world), "ann");
    await before.catchUp();
    const group = await world.create(ConversationKind.GROUP, ["ann", "ben"], 0);
    await before.take(9);
    await before.close(CloseReason.STOPPING);
    await world.append(group, "ben", posted);
    heldBack.hold();
    const appended: Promise<unknown>[] = [];
    for (let count = 1; count <= more; count++) {
      appended.push(world.append(group, "ben", posted));
      await until(() => (heldBack.held.length === count ? "" : "not appended"));
    }

    let stream: Stream | undefined;
    const isAtEnd = (tail: number) => stream?.told[0] === tail;
    const showLater = () => void after(microtasks, heldBack.showOne);
    const delivery = deliveryOver(withMoreAfterLooking(world, isAtEnd, showLater));
    const request = create(SubscribeRequestSchema, { token: before.client.token });
    stream = await delivery.open(identityOf("ann", "ann"), request, new AbortController().signal);
    const frames = new TakenFrames(stream);
    const seqs: number[] = [];
    while (!stream.isLive || stream.hasFrames || seqs.length <= more) {
      const frame = (await frames.next())?.frame;
      if (frame?.case === "event") seqs.push(Number(frame.value.seq));
    }
    await Promise.all(appended);
    expect([seqs, stream.hasFrames]).toEqual([[2, 3, 4, 5, 6, 7], false]);
    stream.abandon();
    await world.close();
  },
);
