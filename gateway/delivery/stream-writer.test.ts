import { setImmediate as nextTurn } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CloseReason, type Frame, FrameSchema, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { HeldSink } from "../testing/held-sink.ts";
import { ModelClient } from "../testing/model-client.ts";
import { deliveryOver, identityOf } from "../testing/reader.ts";
import { body, type ModelConversation, openWorld, type World } from "../testing/world.ts";
import type { Delivery } from "./delivery.ts";
import { enoughFrames, maxQueuedBytes, maxQueuedFrames } from "./frame-queue.ts";
import { type Item, SharedFrame } from "./frames.ts";
import type { Stream } from "./stream.ts";
import { maxBatchBytes, StreamWriter } from "./stream-writer.ts";
import { WriteTurns } from "./write-turns.ts";

let world: World;
let delivery: Delivery;
let group: ModelConversation;
let wrote = 0;
const turns = new WriteTurns((frames) => {
  wrote += frames;
});
const [ann, ben] = [uuidv7(), uuidv7()];

beforeEach(async () => {
  world = await openWorld({ shards: 2 });
  delivery = deliveryOver(world);
  group = await world.create(ConversationKind.GROUP, [ann, ben], 0);
});

afterEach(async () => {
  delivery.close(CloseReason.STOPPING);
  await world.close();
});

interface Written {
  readonly stream: Stream;
  readonly sink: HeldSink;
  readonly ended: Promise<void>;
}

async function write(user: string, sink: HeldSink, token = "", device: string = uuidv7()): Promise<Written> {
  const request = create(SubscribeRequestSchema, { token });
  const stream = await delivery.open(identityOf(user, device), request, new AbortController().signal);
  return { stream, sink, ended: new StreamWriter(stream, sink, turns).run() };
}

/** Streams that are live, told nothing but `caught_up`. */
async function writeLive(user: string, ...sinks: HeldSink[]): Promise<Written[]> {
  const written = await Promise.all(sinks.map((sink) => write(user, sink)));
  await until(() => (sinks.every(({ buffers }) => buffers.length > 0) ? "" : "not live"));
  for (const sink of sinks) expect(kindsOf(sink.takeFrames())).toEqual(["caughtUp"]);
  return written;
}

const say = (text: string) => body({ case: "messagePosted", value: { content: { text } } });

async function post(times: number, text = "hello"): Promise<void> {
  for (let time = 0; time < times; time++) await world.append(group, ben, say(text));
  await nextTurn();
}

/** Frames of so many bytes, to be shared by all streams. */
function items(count: number, bytes = 100): Item[] {
  return Array.from({ length: count }, () => {
    const value = { conversationId: "x".repeat(bytes) };
    const message = create(FrameSchema, { frame: { case: "joined", value } });
    const frame = new SharedFrame(
      () => message,
      () => toBinary(FrameSchema, message),
      bytes,
    );
    return { frame, shard: 0, position: 0 };
  });
}

function kindsOf(frames: readonly Frame[]): (string | undefined)[] {
  return frames.map(({ frame }) => frame.case);
}

test("what streams are told in a turn is written at once, and as the same buffer where it is the same", async () => {
  const sinks = [new HeldSink(), new HeldSink(), new HeldSink("json"), new HeldSink()];
  const streams = await writeLive(ann, ...sinks);
  const [one, two, three] = items(3);
  if (!one || !two || !three) throw new RangeError("no items");
  for (const { stream } of streams) for (const item of [one, two]) stream.push(item);
  streams[3]?.stream.push(three);
  wrote = 0;
  await nextTurn();
  expect(wrote).toBe(9);
  expect(sinks.map(({ buffers }) => buffers.length)).toEqual([1, 1, 1, 1]);
  expect(sinks[1]?.buffers[0]).toBe(sinks[0]?.buffers[0]);
  expect(sinks.map((sink) => sink.takeFrames().length)).toEqual([2, 2, 2, 3]);
});

test.each([10, 3000])("an event of %i bytes is the same in every form, and the same buffer in each", async (bytes) => {
  const forms = [
    ["binary", false],
    ["binary", true],
    ["json", false],
    ["json", true],
  ] as const;
  const sinks = [...forms, ...forms].map(([codec, takesGzip]) => new HeldSink(codec, takesGzip));
  await writeLive(ann, ...sinks);
  await post(1, "x".repeat(bytes));
  for (let form = 0; form < forms.length; form++) {
    expect(sinks[form]?.buffers[0]).toBe(sinks[form + forms.length]?.buffers[0]);
  }
  expect((sinks[1]?.bytes ?? 0) < (sinks[0]?.bytes ?? 0)).toBe(bytes > 1000);
  const [first, ...others] = sinks.map((sink) => sink.takeFrames());
  expect(first).toMatchObject([{ frame: { case: "event", value: { seq: 2n, authorId: ben } } }]);
  for (const other of others) expect(other).toEqual(first);
});

test("a burst beyond the bounds of the queue is no reason to close a client that reads", async () => {
  const [written] = await writeLive(ann, new HeldSink());
  for (const item of items(4 * maxQueuedFrames)) written?.stream.push(item);
  await nextTurn();
  expect(written?.stream.isClosed).toBe(false);
  expect(written?.sink.takeFrames()).toHaveLength(4 * maxQueuedFrames);
});

test("a client that does not read is written one batch, then closed when its queue is full", async () => {
  const [written] = await writeLive(ann, new HeldSink());
  if (!written) throw new RangeError("no stream");
  written.sink.isBehind = true;
  const size = 10_000;
  for (const item of items(Math.ceil((2 * maxQueuedBytes) / size), size)) written.stream.push(item);
  await written.ended;
  expect(written.sink.bytes).toBeLessThan(maxBatchBytes + 2 * size);
  const last = written.sink.takeFrames().at(-1);
  expect(last?.frame).toMatchObject({ case: "closed", value: { reason: CloseReason.SLOW } });
});

test("a token covers what was written before it, and nothing that only waited", async () => {
  const client = new ModelClient();
  const [written] = await writeLive(ann, new HeldSink());
  if (!written) throw new RangeError("no stream");
  const { sink, stream } = written;
  await post(1);
  sink.isBehind = true;
  await post(4);
  stream.close(CloseReason.STOPPING);
  await written.ended;
  const told = sink.takeFrames();
  expect(kindsOf(told)).toEqual(["event", "event", "closed"]);
  for (const frame of told.slice(2)) client.apply(frame);
  const resumed = await write(ann, new HeldSink(), client.token, stream.identity.deviceId);
  await until(() => (resumed.stream.isLive && !resumed.stream.hasFrames ? "" : "not live"));
  await nextTurn();
  const seqs = resumed.sink.takeFrames().flatMap(({ frame }) => (frame.case === "event" ? [frame.value.seq] : []));
  expect(seqs).toEqual([4n, 5n, 6n]);
});

test("a replay goes on only as its client reads, and then to its end", async () => {
  const [before] = await writeLive(ann, new HeldSink());
  if (!before) throw new RangeError("no stream");
  before.stream.close(CloseReason.STOPPING);
  await before.ended;
  const client = new ModelClient();
  for (const frame of before.sink.takeFrames()) client.apply(frame);
  await post(3 * enoughFrames);
  const slow = new HeldSink();
  slow.isBehind = true;
  const { stream } = await write(ann, slow, client.token, before.stream.identity.deviceId);
  await until(() => (slow.buffers.length > 0 ? "" : "nothing written"));
  await post(1);
  expect([slow.buffers.length, stream.isLive]).toEqual([1, false]);
  slow.drain();
  await until(() => (stream.isLive && !stream.hasFrames ? "" : "not live"));
  await nextTurn();
  const kinds = kindsOf(slow.takeFrames());
  expect(kinds).toEqual([...Array.from({ length: 3 * enoughFrames + 1 }, () => "event"), "caughtUp"]);
});

test("a stream whose client is gone is over at once", async () => {
  const [written] = await writeLive(ann, new HeldSink());
  written?.sink.leave();
  await written?.ended;
  expect(delivery.streams.size).toBe(0);
  expect(written?.sink.buffers).toEqual([]);
});

test.each([0, maxQueuedFrames])(
  "what can't be encoded ends the streams that are told it, no others: %i wait",
  async (more) => {
    const [broken, whole] = await writeLive(ann, new HeldSink(), new HeldSink());
    const fail = () => {
      throw new TypeError("no such text");
    };
    broken?.stream.push({ frame: new SharedFrame(fail, fail, 1), shard: 0, position: 0 });
    for (const item of items(more)) broken?.stream.push(item);
    for (const item of items(1)) whole?.stream.push(item);
    await expect(broken?.ended).rejects.toThrow("no such text");
    await nextTurn();
    expect(kindsOf(whole?.sink.takeFrames() ?? [])).toEqual(["joined"]);
  },
);
