import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceService, type SetTypingRequest, SetTypingRequestSchema } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, protocols, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { maxPublicBytes, maxReadBytes } from "./edge.ts";

let edge: TestEdge;
let seen: SetTypingRequest[] = [];

beforeAll(async () => {
  edge = await openTestEdge((serve) => {
    serve(PresenceService, {
      setTyping(request) {
        seen.push(request);
        return {};
      },
    });
    serve(DeliveryService, { async *subscribe() {} });
  });
});
afterAll(() => edge.close());

const good = { clientId: "0198c0de-0000-7000-8000-000000000001", conversationId: "A".repeat(24) };

async function post(body: string | Uint8Array<ArrayBuffer>, type: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${edge.url}/parley.presence.v1.PresenceService/SetTyping`, {
    method: "POST",
    headers: { authorization: "Bearer marvin", "content-type": type, ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, reason: /PLATFORM_ERROR_REASON_\w+/.exec(text)?.[0] };
}

const invalid = { status: 400, reason: "PLATFORM_ERROR_REASON_INVALID_ARGUMENT" };

test("JSON that is none, of other types, or not UTF-8 is an invalid argument", async () => {
  expect(await post("{", "application/json")).toEqual(invalid);
  expect(await post('{"clientId": 5}', "application/json")).toEqual(invalid);
  expect(await post("[]", "application/json")).toEqual(invalid);
  const notUtf8 = Buffer.concat([Buffer.from('{"clientId":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
  expect(await post(new Uint8Array(notUtf8), "application/json")).toEqual(invalid);
});

test.each(["%%%", "a", "e30!"])("a GET of the message %s in base64 is an invalid argument", async (message) => {
  const query = `encoding=json&base64=1&message=${encodeURIComponent(message)}`;
  const url = `${edge.url}/parley.presence.v1.PresenceService/GetPresence?${query}`;
  const response = await fetch(url, { headers: { authorization: "Bearer marvin" } });
  expect([response.status, response.headers.get("cache-control")]).toEqual([400, "private, no-store"]);
  expect(await response.text()).toContain(invalid.reason);
});

test("protobuf that is cut off, random, or not UTF-8 is an invalid argument", async () => {
  expect(await post(new Uint8Array([0x0a, 0x7f, 0x41]), "application/proto")).toEqual(invalid);
  expect(await post(new Uint8Array([0x0a, 0x02, 0xff, 0xfe]), "application/proto")).toEqual(invalid);
  for (let round = 0; round < 50; round++) {
    expect((await post(new Uint8Array(randomBytes(64)), "application/proto")).status).toBe(400);
  }
});

test("unknown fields are accepted and dropped", async () => {
  seen = [];
  expect((await post(JSON.stringify({ ...good, shoeSize: 42 }), "application/json")).status).toBe(200);
  const request = { $typeName: "parley.presence.v1.SetTypingRequest", typing: false, ...good } as const;
  const unknownField = new Uint8Array([0xa2, 0x06, 0x01, 0x41]);
  const bytes = Buffer.concat([toBinary(SetTypingRequestSchema, request), unknownField]);
  expect((await post(new Uint8Array(bytes), "application/proto")).status).toBe(200);
  expect(seen.map((message) => message.$unknown ?? [])).toEqual([[], []]);
});

test.each(protocols)(
  "over %s a message that is too large is refused, and the connection lives on",
  async (protocol) => {
    const presence = edge.client(PresenceService, { protocol });
    const failure = await failureOf(presence.setTyping({ ...good, conversationId: "A".repeat(2 * maxReadBytes) }));
    expect(failure).toMatchObject({ code: Code.ResourceExhausted, reason: PlatformErrorReason.TOO_LARGE });
    await presence.setTyping(good);
  },
);

test.each(protocols)("over %s what anybody may say is short", async (protocol) => {
  const health = edge.client(Health, { protocol, token: "" });
  expect(await failureOf(health.check({ service: "x".repeat(maxPublicBytes) }))).toMatchObject({
    code: Code.ResourceExhausted,
    reason: PlatformErrorReason.TOO_LARGE,
  });
  await health.check({});
});

test("a small body that unpacks to a large one is refused", async () => {
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(64 * maxReadBytes)));
  expect(await post(bomb, "application/proto", { "content-encoding": "gzip" })).toEqual({
    status: 429,
    reason: "PLATFORM_ERROR_REASON_TOO_LARGE",
  });
});

test.each(["grpc", "connect"] as const)("over %s a method that is not there has a typed answer", async (protocol) => {
  const presence = edge.client(PresenceService, { protocol });
  expect(await failureOf(presence.getPresence({ userIds: [good.clientId] }))).toMatchObject({
    code: Code.Unimplemented,
    reason: PlatformErrorReason.UNKNOWN_METHOD,
  });
});

test.each([
  ["application/json", 404, "PLATFORM_ERROR_REASON_UNKNOWN_METHOD"],
  ["text/html", 404, undefined],
])("a service that is not there answers %s", async (type, status, reason) => {
  const response = await fetch(`${edge.url}/no.such.Service/Method`, {
    method: "POST",
    headers: { "content-type": type },
    body: "{}",
  });
  const text = await response.text();
  expect(response.status).toBe(status);
  expect(reason === undefined || text.includes(reason)).toBe(true);
});

test("other HTTP methods, media types and addresses are refused as HTTP does", async () => {
  const url = `${edge.url}/parley.presence.v1.PresenceService/SetTyping`;
  expect((await fetch(url)).status).toBe(405);
  expect((await fetch(url, { method: "POST", headers: { "content-type": "text/plain" }, body: "x" })).status).toBe(415);
  expect((await fetch(`${edge.url}/%ff%00`)).status).toBe(404);
});
