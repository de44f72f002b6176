import { afterEach, expect, test } from "vitest";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { deviceHeader } from "./authenticator.ts";

let edge: TestEdge;
afterEach(() => edge.close());

const origin = "https://app.example.org";
const path = "/parley.presence.v1.PresenceService/GetPresence";
const query = `?encoding=json&message=${encodeURIComponent('{"userIds":["0198c0de-0000-7000-8000-000000000001"]}')}`;

async function open(allowedOrigins: readonly string[]): Promise<void> {
  edge = await openTestEdge((serve) => serve(PresenceService, { getPresence: () => ({}) }), { allowedOrigins });
}

async function preflight(): Promise<Response> {
  return await fetch(edge.url + path, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
  });
}

test.each([
  [["*"], "*"],
  [[origin], origin],
])("origins %j let a browser of one call", async (allowed, expected) => {
  await open(allowed);
  const { status, headers } = await preflight();
  expect(status).toBe(204);
  expect(headers.get("access-control-allow-origin")).toBe(expected);
  expect(headers.get("access-control-allow-methods")).toContain("POST");
  const allowedHeaders = headers.get("access-control-allow-headers")?.toLowerCase().split(", ");
  expect(allowedHeaders).toEqual(expect.arrayContaining(["authorization", deviceHeader]));
  const answer = await fetch(edge.url + path + query, { headers: { origin, authorization: "Bearer marvin" } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("access-control-allow-origin")).toBe(expected);
  expect(answer.headers.get("access-control-expose-headers")).toContain("Grpc-Status");
  expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
});

test("a browser of another origin is told nothing", async () => {
  await open(["https://other.example.org"]);
  const { headers } = await preflight();
  expect(headers.get("access-control-allow-origin")).toBeNull();
  expect(headers.get("access-control-allow-methods")).toBeNull();
});

test("what a GET answers is kept by nobody, failures included", async () => {
  await open(["*"]);
  const good = await fetch(edge.url + path + query, { headers: { authorization: "Bearer marvin" } });
  const refused = await fetch(edge.url + path + query);
  expect([good.status, refused.status]).toEqual([200, 401]);
  for (const { headers } of [good, refused]) expect(headers.get("cache-control")).toBe("private, no-store");
});
