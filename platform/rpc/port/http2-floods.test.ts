import { afterEach, beforeEach, expect, test } from "vitest";
import {
  errorCodes,
  type FrameClient,
  frame,
  frameFlags,
  frameTypes,
  getFrame,
  getHeaders,
  literalField,
  openFrames,
  uint32,
} from "#platform/testing/http2-frames.ts";
import { until } from "#platform/testing/until.ts";
import { listenOnOnePort, type OnePortServer } from "./one-port-server.ts";
import { portLimits } from "./port-limits.ts";

const limits = { ...portLimits, streams: 100, resetsPerSecond: 10, controlFramesPerSecond: 10 };
/** More than any limit allows, and few enough for a test. */
const many = 20_000;

let port: OnePortServer;
let bystander: FrameClient;
let clients: FrameClient[] = [];
/** Requests whose path says that they are to be left unanswered are. */
let requests = 0;

beforeEach(async () => {
  requests = 0;
  port = await listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    limits,
    onExchange(exchange) {
      requests++;
      if (exchange.method === "GET") exchange.answer(200, {}, Buffer.from("served"));
    },
  });
  bystander = await open();
});
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await port.close();
});

async function open(): Promise<FrameClient> {
  const client = await openFrames(port.url);
  clients.push(client);
  return client;
}

/** Streams of a client have odd numbers. */
const nth = (count: number) => 2 * count + 1;

async function isServed(client: FrameClient, stream: number): Promise<void> {
  client.send(getFrame(stream));
  await until(() => {
    const answer = client.received.find((each) => each.stream === stream && each.type === frameTypes.data);
    return answer?.payload.toString() === "served" ? "" : `stream ${stream} is not answered`;
  });
}

/** POST http://x/ that is not answered. */
const post = Buffer.concat([Buffer.of(0x83), getHeaders.subarray(1)]);
const setting = Buffer.concat([Buffer.of(0, 4), uint32(65_535)]);
const beginHeaders = frame(frameTypes.headers, frameFlags.endStream, nth(0), getHeaders);
const dependsOnItself = (stream: number) => Buffer.concat([uint32(stream), Buffer.of(1)]);

interface Attack {
  readonly frames: (count: number) => Buffer[];
  /** Of the GOAWAY that the attacker gets. Some of nghttp2's own limits say INTERNAL_ERROR. */
  readonly codes: readonly number[];
  /** How many of it an honest client may send at once. */
  readonly honest: number;
}

const { protocol, flowControl, enhanceYourCalm } = errorCodes;
const internal = 2;

const attacks: Readonly<Record<string, Attack>> = {
  "streams that are reset at once (CVE-2023-44487)": {
    frames: (count) => [getFrame(nth(count)), frame(frameTypes.reset, 0, nth(count), uint32(errorCodes.cancel))],
    codes: [internal, enhanceYourCalm],
    honest: limits.streams,
  },
  "streams that the server must reset (CVE-2025-8671)": {
    frames: (count) => [
      frame(frameTypes.headers, frameFlags.endHeaders, nth(count), post),
      frame(frameTypes.priority, 0, nth(count), dependsOnItself(nth(count))),
    ],
    codes: [protocol, enhanceYourCalm],
    honest: limits.streams / 2,
  },
  "PING frames (CVE-2019-9512)": {
    frames: () => [frame(frameTypes.ping, 0, 0, Buffer.alloc(8))],
    codes: [enhanceYourCalm],
    honest: 90,
  },
  "SETTINGS frames (CVE-2019-9515)": {
    frames: () => [frame(frameTypes.settings, 0, 0, setting)],
    codes: [enhanceYourCalm],
    honest: 90,
  },
  "SETTINGS frames of many settings (CVE-2020-11080)": {
    frames: () => [frame(frameTypes.settings, 0, 0, Buffer.concat(Array<Buffer>(40).fill(setting)))],
    codes: [enhanceYourCalm],
    honest: 0,
  },
  "CONTINUATION frames (CVE-2024-27983)": {
    frames: (count) =>
      count === 0 ? [beginHeaders] : [frame(frameTypes.continuation, 0, nth(0), literalField(`x-${count}`, "x"))],
    codes: [internal],
    honest: 0,
  },
  "empty CONTINUATION frames": {
    frames: (count) => [count === 0 ? beginHeaders : frame(frameTypes.continuation, 0, nth(0))],
    codes: [internal],
    honest: 0,
  },
  "empty DATA frames (CVE-2019-9518)": {
    frames: (count) => [
      count === 0 ? frame(frameTypes.headers, frameFlags.endHeaders, nth(0), post) : frame(frameTypes.data, 0, nth(0)),
    ],
    codes: [internal],
    honest: 100,
  },
  "PRIORITY frames (CVE-2019-9513)": {
    frames: (count) => [frame(frameTypes.priority, 0, nth(count % 1000), Buffer.alloc(5))],
    codes: [enhanceYourCalm],
    honest: 1000,
  },
  "frames of an unknown type": {
    frames: () => [frame(0xbb, 0, 0, Buffer.alloc(8))],
    codes: [enhanceYourCalm],
    honest: 1000,
  },
  "windows that overflow (CVE-2026-21714)": {
    frames: () => [frame(frameTypes.windowUpdate, 0, 0, uint32(0x7fffffff))],
    codes: [flowControl],
    honest: 0,
  },
  "more streams than it may have open": {
    frames: (count) => [frame(frameTypes.headers, frameFlags.endHeaders | frameFlags.endStream, nth(count), post)],
    codes: [protocol],
    honest: limits.streams - 1,
  },
  "requests that HTTP forbids": {
    frames: (count) => [
      frame(frameTypes.headers, 5, nth(count), Buffer.concat([getHeaders, literalField("Upper-Case", "x")])),
    ],
    codes: [internal, protocol],
    honest: limits.streams / 2,
  },
};

/** Sends until it is cut, in portions, so that others have their turn. */
async function flood(attacker: FrameClient, frames: Attack["frames"]): Promise<void> {
  for (let count = 0; count < many && !attacker.isCut; count += 50) {
    attacker.send(...Array.from({ length: 50 }, (_, index) => frames(count + index)).flat());
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => (attacker.isCut ? "" : "it is not cut"));
}

test.each(Object.entries(attacks))("who floods with %s is cut off, and nobody else", async (_, { frames, codes }) => {
  const attacker = await open();
  await isServed(bystander, nth(0));
  await flood(attacker, frames);
  expect(codes).toContain(attacker.goaway?.code);
  // One more portion of the socket may have been read before it was cut.
  expect(requests).toBeLessThan(3_000);
  await isServed(bystander, nth(1));
  await isServed(await open(), nth(0));
});

const harmless = Object.entries(attacks).filter(([, { honest }]) => honest > 0);

test.each(harmless)("few %s do no harm", async (_, { frames, honest }) => {
  const client = await open();
  client.send(...Array.from({ length: honest }, (_each, count) => frames(count)).flat());
  await isServed(client, nth(honest));
  expect(client.goaway).toBeUndefined();
});

test("a client may send a PING for each answer that it gets", async () => {
  const client = await open();
  for (let count = 0; count < 30 * limits.controlFramesPerSecond; count++) {
    await isServed(client, nth(count));
    client.send(frame(frameTypes.ping, 0, 0, Buffer.alloc(8)));
  }
  await isServed(client, nth(30 * limits.controlFramesPerSecond));
});

/** A field that later ones refer to by one byte (RFC 7541, section 6.1). */
const longField = Buffer.concat([Buffer.of(0x40), literalField("x", "x".repeat(4_000)).subarray(1)]);

test.each([
  ["large", [literalField("x-large", "x".repeat(limits.headerBytes - 600)), literalField("x-more", "x".repeat(500))]],
  ["large, though compressed,", [longField, Buffer.alloc(100, 0xbe)]],
  ["many", Array.from({ length: 200 }, (_, index) => literalField(`x-${index}`, "x"))],
])("a request with too %s header fields is refused, and its connection goes on", async (_, fields) => {
  const client = await open();
  client.send(frame(frameTypes.headers, 5, nth(0), Buffer.concat([getHeaders, ...fields])));
  await until(() => (client.received.some(({ stream }) => stream === nth(0)) ? "" : "it is not refused"));
  expect(requests).toBe(0);
  await isServed(client, nth(1));
  expect(requests).toBe(1);
});
