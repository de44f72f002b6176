import { Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { until } from "#platform/testing/until.ts";
import { WebSocketTalk } from "#platform/testing/websocket.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { listenOnOnePort, type OnePortServer } from "../port/one-port-server.ts";
import { portLimits } from "../port/port-limits.ts";
import { envelop } from "../protocols/envelopes.ts";
import { maxUnsentBytes, type WebSocketLimits } from "./websocket-limits.ts";
import { createWebSockets } from "./websockets.ts";

let port: OnePortServer;
afterEach(() => port.close());

const long = 60_000;
const never: WebSocketLimits = { ...portLimits, headersMs: long, keepaliveMs: long, keepaliveAnswerMs: long };

const listening = ({ body }: Exchange) => void body.resume();

async function listen(limits: Partial<WebSocketLimits>, onExchange: (exchange: Exchange) => void = listening) {
  const webSockets = createWebSockets({
    methods: [DeliveryService.method.connect],
    allowedOrigins: ["*"],
    maxMessageBytes: () => 1024 * 1024,
    limits: { ...never, ...limits },
    metrics: new Registry(),
    onExchange,
  });
  const onUpgrade = webSockets.upgrade;
  port = await listenOnOnePort({ host: "127.0.0.1", port: 0, onExchange: () => {}, onUpgrade });
}

async function talk(options = {}): Promise<WebSocketTalk> {
  const url = `${port.url}/parley.chat.v1.DeliveryService/Connect`;
  return await new WebSocketTalk(url, undefined, options).opened();
}

test("who does not say in time who it is, is closed", async () => {
  await listen({ headersMs: 200 });
  const [silent, other] = [await talk(), await talk()];
  other.authorize("marvin");
  expect(await silent.closing).toEqual({ code: 1008, reason: "the first message did not come in time" });
  expect(other.webSocket.readyState).toBe(other.webSocket.OPEN);
});

test("who answers no ping is cut, others are not", async () => {
  let pings = 0;
  await listen({ keepaliveMs: 200, keepaliveAnswerMs: 200 });
  const [dead, alive] = [await talk({ autoPong: false }), await talk()];
  alive.webSocket.on("ping", () => pings++);
  for (const one of [dead, alive]) one.authorize("marvin");
  expect((await dead.closing).code).toBe(1006);
  await until(() => (pings > 3 ? "" : `${pings} pings`));
  expect(alive.webSocket.readyState).toBe(alive.webSocket.OPEN);
});

test("a client is not to blame for a ping whose answer the server does not read", async () => {
  let body: Exchange["body"] | undefined;
  let pings = 0;
  await listen({ keepaliveMs: 100, keepaliveAnswerMs: 100 }, (exchange) => {
    if (body) listening(exchange);
    body ??= exchange.body;
  });
  const one = await talk();
  one.webSocket.on("ping", () => pings++);
  one.authorize("marvin").webSocket.send(Buffer.alloc(512 * 1024));
  await until(() => (pings > 0 ? "" : "no ping"));
  const dead = await talk({ autoPong: false });
  await dead.authorize("marvin").closing;
  let bytes = 0;
  body?.on("data", (chunk: Buffer) => (bytes += chunk.length));
  await until(() => (bytes === 512 * 1024 ? "" : `${bytes} bytes`));
});

test("a client that is not listened to can't send much", async () => {
  let taken = 0;
  await listen({}, ({ body }) =>
    body.once("data", (chunk: Buffer) => (taken += chunk.length)).on("data", () => body.pause()),
  );
  const one = await talk();
  one.authorize("marvin");
  for (let count = 0; count < 64; count++) one.webSocket.send(Buffer.alloc(512 * 1024));
  await until(() => (taken > 0 ? "" : "nothing came"));
  expect(one.webSocket.bufferedAmount).toBeGreaterThan(8 * 1024 * 1024);
});

test("an answer waits for a client that does not read", async () => {
  let drained = false;
  let hadRoom = true;
  await listen({}, (exchange) => {
    exchange.respond(200, {});
    while (exchange.unsentBytes === 0) hadRoom = exchange.write(envelop(0, Buffer.alloc(64 * 1024)));
    exchange.onDrain(() => (drained = true));
  });
  const one = await talk();
  one.webSocket.pause();
  one.authorize("marvin");
  await until(() => (hadRoom ? "nothing is held back" : ""));
  expect(drained).toBe(false);
  one.webSocket.resume();
  await until(() => (drained ? "" : "it is still held back"));
});

test("a client that never reads is cut, however much it is told", async () => {
  let most = 0;
  let isOver = false;
  await listen({}, (exchange) => {
    exchange.onOver(() => (isOver = true));
    exchange.respond(200, {});
    while (exchange.isOpen) {
      exchange.write(envelop(0, Buffer.alloc(256 * 1024)));
      most = Math.max(most, exchange.unsentBytes);
    }
  });
  const one = await talk();
  one.webSocket.pause();
  one.authorize("marvin");
  await until(() => (isOver ? "" : "it is still open"));
  expect(most).toBeLessThan(maxUnsentBytes + 512 * 1024);
});
