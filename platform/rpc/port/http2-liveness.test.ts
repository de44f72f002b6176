import { Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import {
  errorCodes,
  type Frame,
  type FrameClient,
  frame,
  frameFlags,
  frameTypes,
  getFrame,
  getHeaders,
  openFrames,
} from "#platform/testing/http2-frames.ts";
import { until } from "#platform/testing/until.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { listenOnOnePort, type OnePortServer } from "./one-port-server.ts";
import { type PortLimits, portLimits } from "./port-limits.ts";

/** Short, so that tests are; each test shortens further what it is about. */
const long = 60_000;
const never = { ...portLimits, headersMs: long, idleMs: long, keepaliveMs: long, keepaliveAnswerMs: long };

let port: OnePortServer;
let metrics: Registry;
let clients: FrameClient[] = [];
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await port.close();
});

async function listen(limits: Partial<PortLimits>, onExchange: (exchange: Exchange) => void): Promise<void> {
  metrics = new Registry();
  port = await listenOnOnePort({ host: "127.0.0.1", port: 0, limits: { ...never, ...limits }, metrics, onExchange });
}

async function open(options?: { answersPings: boolean }): Promise<FrameClient> {
  const client = await openFrames(port.url, options);
  clients.push(client);
  return client;
}

const isPing = ({ type, flags }: Frame) => type === frameTypes.ping && !(flags & frameFlags.ack);
const pingsTo = (client: FrameClient) => client.received.filter(isPing).length;
const whenCut = (client: FrameClient) => until(() => (client.isCut ? "" : "it is not cut"));

/** Sends something again and again until the client is cut. */
async function repeat(client: FrameClient, bytes: Uint8Array): Promise<void> {
  await until(() => {
    if (!client.isCut) client.socket.write(bytes);
    return client.isCut ? "" : "it is not cut";
  });
}

async function openConnections(): Promise<number> {
  const metric = await metrics.getSingleMetricAsString("parley_connections");
  return Number(/http2"\} (\d+)/.exec(metric)?.[1] ?? Number.NaN);
}

const subscribe = (exchange: Exchange) => exchange.respond(200, {});
const answer = (exchange: Exchange) => exchange.answer(200, {}, Buffer.from("served"));

test("a peer that no longer answers is found by PING, and one that does is kept", async () => {
  await listen({ keepaliveMs: 200, keepaliveAnswerMs: 200 }, subscribe);
  const [gone, there] = [await open({ answersPings: false }), await open()];
  for (const client of [gone, there]) client.send(getFrame(1));
  await whenCut(gone);
  expect(pingsTo(gone)).toBe(1);
  await until(() => (pingsTo(there) >= 4 ? "" : "it is not asked again"));
  expect(there.isCut).toBe(false);
});

test("a client that opens streams is not asked whether it is there", async () => {
  await listen({ keepaliveMs: 400, keepaliveAnswerMs: 400 }, answer);
  const [busy, quiet] = [await open(), await open()];
  quiet.send(getFrame(1));
  let stream = 1;
  await until(() => {
    busy.send(getFrame(stream));
    stream += 2;
    return pingsTo(quiet) >= 3 ? "" : "the quiet one is not asked";
  });
  expect(pingsTo(busy)).toBe(0);
});

test("headers that are begun and never finished cut the connection, however slowly they go on", async () => {
  await listen({ keepaliveMs: 200, keepaliveAnswerMs: 200 }, answer);
  const slow = await open();
  slow.send(getFrame(1));
  await until(() => (slow.received.some(({ type }) => type === frameTypes.data) ? "" : "it is not answered"));
  // A PING can't be answered inside of a block of headers (RFC 9113, section 4.3).
  slow.socket.removeAllListeners("data").resume();
  slow.send(frame(frameTypes.headers, frameFlags.endStream, 3, getHeaders));
  slow.send(frame(frameTypes.continuation, 0, 3, Buffer.alloc(16_384)).subarray(0, 9));
  await repeat(slow, Buffer.of(0x82));
});

test("a subscriber to whom nothing happens is not idle", async () => {
  await listen({ idleMs: 200, keepaliveMs: 100 }, subscribe);
  const subscriber = await open();
  subscriber.send(getFrame(1));
  for (let count = 0; count < 3; count++) {
    const another = await open();
    another.send(getFrame(1), frame(frameTypes.reset, 0, 1, Buffer.alloc(4)));
    await whenCut(another);
    expect(another.goaway?.code).toBe(errorCodes.noError);
  }
  expect(subscriber.isCut).toBe(false);
});

test.each([
  ["PING", frame(frameTypes.ping, 0, 0, Buffer.alloc(8))],
  ["SETTINGS", frame(frameTypes.settings, 0, 0)],
  ["WINDOW_UPDATE", frame(frameTypes.windowUpdate, 0, 0, Buffer.of(0, 0, 0, 1))],
])("%s frames alone do not keep a connection, before its first stream nor after its last", async (_, bytes) => {
  await listen({ headersMs: 200, idleMs: 400 }, answer);
  await repeat(await open(), bytes);
  const used = await open();
  used.send(getFrame(1));
  await repeat(used, bytes);
  expect(used.goaway?.code).toBe(errorCodes.noError);
});

test("a socket that is never read is closed with its connection", async () => {
  await listen({ keepaliveMs: 200, keepaliveAnswerMs: 200 }, (exchange) => {
    exchange.respond(200, {});
    exchange.write(Buffer.alloc(1024 * 1024));
  });
  const deaf = await open();
  deaf.socket.pause();
  deaf.send(getFrame(1));
  await until(async () => ((await openConnections()) === 1 ? "" : "it is not counted"));
  await until(async () => ((await openConnections()) === 0 ? "" : "it is still open"));
});

test("who does not close after its connection was closed is cut", async () => {
  await listen({ keepaliveAnswerMs: 200 }, answer);
  const client = await open();
  client.socket.allowHalfOpen = true;
  client.send(getFrame(1), frame(frameTypes.goaway, 0, 0, Buffer.alloc(8)));
  await until(() => (client.socket.readableEnded ? "" : "it is not told the end"));
  expect(await openConnections()).toBe(1);
  await until(async () => ((await openConnections()) === 0 ? "" : "it is still open"));
});

test("what waits for slow readers does not keep others on their connection from being served", async () => {
  const frames = Buffer.alloc(1024 * 1024);
  await listen({}, (exchange) => {
    exchange.respond(200, {});
    exchange.write(frames);
  });
  const balancer = await open();
  const streams = Array.from({ length: portLimits.streams }, (_, count) => 2 * count + 1);
  balancer.send(...streams.map(getFrame));
  await until(() => {
    const answered = balancer.received.filter(({ type }) => type === frameTypes.headers).length;
    return answered === portLimits.streams ? "" : `${answered} streams are answered`;
  });
});

test("a connection for which HTTP/2 itself takes too much memory gets no further streams", async () => {
  await listen({ streams: 10_000, sessionMegabytes: 1 }, subscribe);
  const [greedy, other] = [await open(), await open()];
  for (let stream = 1; stream < 10_000; stream += 2) greedy.send(getFrame(stream));
  const refused = ({ type, payload }: Frame) =>
    type === frameTypes.reset && payload.readUInt32BE() === errorCodes.enhanceYourCalm;
  await until(() => (greedy.received.some(refused) ? "" : "no stream is refused"));
  other.send(getFrame(1));
  await until(() => (other.received.some(({ stream }) => stream === 1) ? "" : "the other is not answered"));
});
