import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GetPresenceRequestSchema, PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { maxReadBytes } from "../edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge((serve) =>
    serve(PresenceService, {
      getPresence: ({ userIds }) => ({ presences: Array.from({ length: 100 }, () => ({ userId: userIds[0] ?? "" })) }),
    }),
  );
});
afterAll(() => edge.close());

const userId = "0198c0de-0000-7000-8000-000000000001";
const json = JSON.stringify({ userIds: [userId] });
const binary = Buffer.from(toBinary(GetPresenceRequestSchema, create(GetPresenceRequestSchema, { userIds: [userId] })));

async function get(query: Record<string, string>, init: RequestInit = {}, method = "PresenceService/GetPresence") {
  const url = `${edge.url}/parley.presence.v1.${method}?${new URLSearchParams(query)}`;
  const response = await fetch(url, { ...init, headers: { authorization: "Bearer marvin", ...init.headers } });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test.each<Record<string, string>>([
  { encoding: "json", message: json },
  { encoding: "json", message: json, connect: "v1" },
  { encoding: "json", base64: "1", message: Buffer.from(json).toString("base64") },
  { encoding: "proto", base64: "1", message: binary.toString("base64") },
  { encoding: "proto", base64: "1", message: binary.toString("base64url") },
  { encoding: "proto", base64: "1", compression: "identity", message: binary.toString("base64url") },
  { encoding: "proto", base64: "1", compression: "gzip", message: gzipSync(binary).toString("base64url") },
])("%o is answered, for its caller alone", async (query) => {
  const { status, headers, text } = await get(query);
  expect([status, headers.get("content-type")]).toEqual([200, `application/${query.encoding}`]);
  expect(headers.get("cache-control")).toBe("private, no-store");
  expect(text).toContain(userId);
});

test.each<[number, Record<string, string>]>([
  [415, { message: json }],
  [415, { encoding: "xml", message: json }],
  [400, { encoding: "proto", base64: "1", message: "%%%" }],
  [400, { encoding: "json", message: "{" }],
  [400, { encoding: "json" }],
  [501, { encoding: "json", compression: "zstd", message: json }],
  [400, { encoding: "json", base64: "1", compression: "gzip", message: Buffer.from(json).toString("base64") }],
  [
    429,
    {
      encoding: "json",
      base64: "1",
      compression: "gzip",
      message: gzipSync(Buffer.alloc(2 * maxReadBytes)).toString("base64url"),
    },
  ],
])("it is answered with %i: %o", async (status, query) => {
  expect((await get(query)).status).toBe(status);
});

test("a query that is longer than headers may be is refused", async () => {
  expect((await get({ encoding: "json", message: " ".repeat(20_000) })).status).toBe(431);
});

test("an answer is compressed for who takes that", async () => {
  for (const [accepted, encoding] of [
    ["gzip", "gzip"],
    ["br, gzip", "br"],
    ["gzip;q=0", null],
    ["zstd, identity", null],
  ]) {
    const { headers, text } = await get(
      { encoding: "json", message: json },
      { headers: { "accept-encoding": String(accepted) } },
    );
    expect([headers.get("content-encoding"), text.includes(userId)]).toEqual([encoding, true]);
  }
});

test("what changes something is not for GET, nor HEAD for anything but pages", async () => {
  const query = { encoding: "json", message: "{}" };
  const mutating = await get(query, {}, "PresenceService/SetTyping");
  expect([mutating.status, mutating.headers.get("allow")]).toEqual([405, "POST"]);
  const head = await get(query, { method: "HEAD" });
  expect([head.status, head.headers.get("allow")]).toEqual([405, "GET, POST"]);
});
