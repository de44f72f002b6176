import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CloseReason } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { deliveryOver, Reader } from "../testing/reader.ts";
import { body, openWorld, type World } from "../testing/world.ts";
import { type Delivery, heartbeatMs } from "./delivery.ts";
import { enoughFrames } from "./frame-queue.ts";
import { keepStreamsUp, stalledReplayMs } from "./upkeep.ts";

let world: World;
let delivery: Delivery;
let reader: Reader;
let stop = () => {};
const ann = uuidv7();

beforeEach(async () => {
  world = await openWorld({ shards: 2 });
  delivery = deliveryOver(world);
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
  stop = keepStreamsUp({ delivery, following: world.following, clock: Date.now });
  reader = new Reader(delivery, ann);
  await reader.catchUp();
  reader.client.takeKinds();
});

afterEach(async () => {
  stop();
  delivery.close(CloseReason.STOPPING);
  vi.useRealTimers();
  await world.close();
});

test("a heartbeat comes every 15 to 20 s", async () => {
  const step = 200;
  for (let round = 0; round < 3; round++) {
    let waited = 0;
    for (; !reader.stream?.hasFrames && waited < 2 * heartbeatMs; waited += step) vi.advanceTimersByTime(step);
    expect(waited).toBeGreaterThanOrEqual((heartbeatMs * 3) / 4);
    expect(waited).toBeLessThanOrEqual(heartbeatMs + step);
    await reader.take(9);
    expect(reader.client.takeKinds()).toEqual(["heartbeat"]);
  }
});

test("a client that does not go on with its replay is closed", async () => {
  const group = await world.create(ConversationKind.GROUP, [ann], 0);
  await reader.close(CloseReason.STOPPING);
  const posted = body({ case: "messagePosted", value: { content: { text: "hello" } } });
  for (let count = 0; count <= enoughFrames; count++) await world.append(group, ann, posted);
  await reader.connect();
  await reader.take(2);
  vi.advanceTimersByTime(stalledReplayMs - 1000);
  expect(reader.stream?.isClosed).toBe(false);
  vi.advanceTimersByTime(1000);
  expect(reader.stream?.isClosed).toBe(true);
  expect(delivery.streams.size).toBe(0);
});

test("a shard that stops closes all streams and lets none open", async () => {
  world.following.stop(1, "damaged");
  vi.advanceTimersByTime(1000);
  await reader.take(1);
  expect(reader.client.frames).toMatchObject([{ case: "closed", value: { reason: CloseReason.UNAVAILABLE } }]);
  await expect(reader.connect()).rejects.toThrow("stopped");
});
