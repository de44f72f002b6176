import { once } from "node:events";
import { constants, createServer as createHttp2Server } from "node:http2";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { Code } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, protocols } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { openTestPair, type TestPair } from "#platform/testing/peers.ts";
import { until } from "#platform/testing/until.ts";
import { identityKey } from "../identity.ts";
import { createPeerConnections } from "../peers/connections.ts";
import { peerHeaders, writeKey } from "../peers/peer-proof.ts";

const services = [DeliveryService, MediaService, PresenceService];
let pair: TestPair;
afterEach(() => pair.close());

const open = async (routes: Parameters<typeof openTestPair>[1], url?: string) => {
  pair = await openTestPair(services, routes, url);
};
const uuid = "0198c0de-0000-7000-8000-000000000001";
const asked = { userIds: [uuid] };

test.each(protocols)("over %s a process that is away is a typed failure", async (protocol) => {
  await open((serve) => serve(PresenceService, { getPresence: () => ({}) }), "http://127.0.0.1:9");
  const failure = await failureOf(pair.gateway.client(PresenceService, { protocol }).getPresence(asked));
  expect(failure).toMatchObject({ code: Code.Unavailable, reason: PlatformErrorReason.PEER_UNREACHABLE });
  expect(pair.connections.notReady()).toContain("can't be reached");
});

test.each(protocols)("over %s a process that goes away in the middle is a typed failure", async (protocol) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket.on("error", () => {}).resume()));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : 0;
  await open(() => {}, `http://127.0.0.1:${port}`);
  const failing = failureOf(pair.gateway.client(PresenceService, { protocol }).getPresence(asked));
  await until(() => (sockets.size > 0 ? "" : "no connection"));
  for (const socket of sockets) socket.destroy();
  expect(await failing).toMatchObject({ code: Code.Unavailable, reason: PlatformErrorReason.PEER_UNREACHABLE });
  silent.close();
});

test("a call that the other process says it did not look at is made again; one that it broke off is not", async () => {
  const refused = [constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_REFUSED_STREAM];
  const requests: number[] = [];
  const other = createHttp2Server().on("session", (session) => session.on("error", () => {}));
  other.on("stream", (stream) => {
    stream.on("error", () => {});
    requests.push(0);
    stream.on("data", (chunk: Buffer) => requests.push((requests.pop() ?? 0) + chunk.length));
    const code = refused.shift() ?? constants.NGHTTP2_INTERNAL_ERROR;
    stream.once("end", () => stream.close(code));
  });
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  await open(() => {}, `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  const failure = await failureOf(pair.gateway.client(PresenceService).getPresence(asked));
  expect(failure.reason).toBe(PlatformErrorReason.PEER_UNREACHABLE);
  expect(requests).toHaveLength(3);
  expect(new Set(requests).size).toBe(1);
  other.close();
});

test("a call goes to the owner of what it names, and to any process once that one refused it", async () => {
  await open((serve) => serve(PresenceService, { setTyping: () => ({}) }));
  const other = createHttp2Server().on("session", (session) => session.on("error", () => {}));
  other.on("stream", (stream) => stream.on("error", () => {}).close(constants.NGHTTP2_REFUSED_STREAM));
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const owner = createPeerConnections(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  const names: (string | undefined)[] = [];
  const gateway = await openTestEdge(() => {}, {
    forwarding: {
      services,
      key: pair.key,
      nameOf: (method) => method.input.fields.find(({ name }) => name === "conversation_id"),
      reach(_, name) {
        names.push(name);
        return name === undefined ? pair.connections : owner;
      },
    },
  });
  const conversationId = "A".repeat(24);
  await gateway.client(PresenceService).setTyping({ clientId: uuid, conversationId, typing: true });
  expect(names).toEqual([conversationId, undefined]);
  await gateway.close();
  owner.close();
  other.close();
});

test("a call whose connection is lost before it is answered is made again, three times in all", async () => {
  let requests = 0;
  const other = createHttp2Server().on("session", (session) => session.on("error", () => {}));
  other.on("stream", (stream) => {
    stream.on("error", () => {});
    requests++;
    stream.session?.destroy();
  });
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  await open(() => {}, `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  const failure = await failureOf(pair.gateway.client(PresenceService).getPresence(asked));
  expect([failure.reason, requests]).toEqual([PlatformErrorReason.PEER_UNREACHABLE, 3]);
  other.close();
});

test.each(protocols)("over %s a stream whose other process goes away ends with the reason", async (protocol) => {
  await open((serve) =>
    serve(MediaService, {
      async *download() {
        yield { part: { case: "data", value: new Uint8Array(10) } } as const;
        await new Promise(() => {});
      },
    }),
  );
  const read = async () => {
    const stream = pair.gateway.client(MediaService, { protocol }).download({ mediaId: uuid });
    for await (const _ of stream) pair.connections.close();
  };
  expect(await failureOf(read())).toMatchObject({ reason: PlatformErrorReason.PEER_UNREACHABLE });
});

test("who says to be a peer and is not is refused; what only peers may say is not heard from others", async () => {
  await open((serve) =>
    serve(PresenceService, {
      getPresence: (_, { values }) => ({ presences: [{ userId: JSON.stringify(values.get(identityKey)) }] }),
      announce: () => ({}),
    }),
  );
  const forged = { [peerHeaders.identity]: `user ${uuid} ${uuid} ${uuid}`, [peerHeaders.clientAddress]: "192.0.2.9" };
  for (const edge of [pair.core, pair.gateway]) {
    const nobody = edge.client(PresenceService, { token: "" });
    expect((await failureOf(nobody.getPresence(asked, { headers: forged }))).reason).toBe(
      PlatformErrorReason.UNAUTHENTICATED,
    );
    const wrong = { ...forged, [peerHeaders.key]: writeKey(new Uint8Array(32)) };
    expect((await failureOf(edge.client(PresenceService).getPresence(asked, { headers: wrong }))).reason).toBe(
      PlatformErrorReason.UNAUTHENTICATED,
    );
    const known = await edge.client(PresenceService).getPresence(asked, { headers: forged });
    expect(known.presences[0]?.userId).toContain('"marvin"');
    const asService = { [peerHeaders.identity]: "service gateway" };
    const announced = edge.client(PresenceService).announce({}, { headers: asService });
    expect((await failureOf(announced)).reason).toBe(PlatformErrorReason.WRONG_CREDENTIAL);
  }
});

test("what a client says of a body that a GET has not does not reach the other process", async () => {
  await open((serve) => serve(PresenceService, { getPresence: () => ({}) }));
  const query = `connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify(asked))}`;
  const path = `/parley.presence.v1.PresenceService/GetPresence?${query}`;
  const head = `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer marvin\r\n`;
  const socket = connectTcp(Number(new URL(pair.gateway.url).port), "127.0.0.1");
  socket.write(`${head}content-length: 5\r\nconnection: close, x-mine\r\nx-mine: 1\r\n\r\nhello`);
  expect(await text(socket)).toMatch(/^HTTP\/1.1 200/);
});
