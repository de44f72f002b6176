import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { refusalOf } from "#platform/testing/websocket.ts";

let edge: TestEdge;
afterEach(() => edge.close());

const path = "/parley.chat.v1.DeliveryService/Connect";
const json = "parley.connect+json";

async function open(allowedOrigins: readonly string[] = ["*"]): Promise<void> {
  edge = await openTestEdge(
    (serve) => {
      serve(PresenceService, { getPresence: () => ({}) });
      serve(DeliveryService, {});
    },
    { allowedOrigins },
  );
}

test.each([
  ["nothing that is called so", "/parley.chat.v1.DeliveryService/Nothing", json, 404, "no such method"],
  ["a page", "/healthz", json, 404, "no such method"],
  ["a unary method", "/parley.presence.v1.PresenceService/GetPresence", json, 400, "only methods that stream"],
  ["another subprotocol", path, "graphql-ws", 400, "parley.connect+proto or parley.connect+json"],
  ["no subprotocol", path, [], 400, "parley.connect+proto or parley.connect+json"],
  ["a token in the address", `${path}?access_token=x`, json, 400, "first message"],
])("%s is refused with a sentence", async (_, path, subprotocol, status, sentence) => {
  await open();
  expect(await refusalOf(edge.url + path, subprotocol)).toEqual([status, expect.stringContaining(sentence)]);
});

test.each([
  ["https://app.example.org", ["https://app.example.org"], 101],
  ["https://app.example.org", ["https://other.example.org", "*"], 101],
  ["https://app.example.org", ["https://other.example.org"], 403],
  ["https://app.example.org.evil.example", ["https://app.example.org"], 403],
  ["null", ["https://app.example.org"], 403],
  [undefined, ["https://app.example.org"], 101],
])("a page of %s, where %j are allowed, is answered %i", async (origin, allowed, status) => {
  await open(allowed);
  expect((await refusalOf(edge.url + path, json, origin === undefined ? {} : { origin }))[0]).toBe(status);
});

test("pages of the server's own may connect", async () => {
  await open(["https://app.example.org"]);
  expect((await refusalOf(edge.url + path, json, { origin: edge.url }))[0]).toBe(101);
});

test("of several subprotocols the first that is known is spoken", async () => {
  await open();
  const { WebSocket } = await import("ws");
  const webSocket = new WebSocket(edge.url + path, ["graphql-ws", "parley.connect+proto", json]);
  await once(webSocket, "open");
  expect(webSocket.protocol).toBe("parley.connect+proto");
  webSocket.terminate();
});

async function answerTo(head: string, beforehand = () => {}): Promise<string> {
  const socket = connect(Number(new URL(edge.url).port), "127.0.0.1");
  await once(socket, "connect");
  await fetch(`${edge.url}/healthz`);
  beforehand();
  socket.end(`${head}\r\nhost: x\r\nconnection: upgrade\r\n\r\n`);
  return await text(socket);
}

test("a server that stops opens no more", async () => {
  await open();
  const answer = await answerTo(`GET ${path} HTTP/1.1\r\nupgrade: websocket`, () => edge.refuse());
  expect(answer).toMatch(/^HTTP\/1.1 503 .*the server is stopping\n$/s);
});

test("a handshake that is none is refused", async () => {
  await open();
  const half = `GET ${path} HTTP/1.1\r\nupgrade: websocket\r\nsec-websocket-protocol: ${json}`;
  expect(await answerTo(half)).toMatch(/^HTTP\/1.1 400 /);
});

test("an offer of another protocol is passed over", async () => {
  await open();
  expect(await answerTo("GET /healthz HTTP/1.1\r\nupgrade: h2c")).toMatch(/^HTTP\/1.1 200 /);
});
