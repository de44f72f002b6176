import { afterAll, beforeAll, expect, test } from "vitest";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { rawCall } from "#platform/testing/raw-call.ts";
import { envelop } from "./envelopes.ts";

let edge: TestEdge;
let timeouts: (number | undefined)[] = [];
const warnings: Error[] = [];
const warned = (warning: Error) => void warnings.push(warning);

beforeAll(async () => {
  process.on("warning", warned);
  edge = await openTestEdge((serve) =>
    serve(PresenceService, {
      getPresence(_, { timeoutMs }) {
        timeouts.push(timeoutMs());
        return {};
      },
    }),
  );
});
afterAll(async () => {
  process.off("warning", warned);
  await edge.close();
});

const path = "/parley.presence.v1.PresenceService/GetPresence";
const body = Buffer.from(JSON.stringify({ userIds: ["0198c0de-0000-7000-8000-000000000001"] }));

async function grpc(timeout: string): Promise<string> {
  timeouts = [];
  const headers = { "content-type": "application/grpc+json", "grpc-timeout": timeout };
  const answer = await rawCall(edge.url, path, headers, envelop(0, body));
  return String(answer.headers["grpc-status"] ?? answer.trailers["grpc-status"]);
}

async function connect(timeout: string): Promise<number> {
  timeouts = [];
  const headers = { "content-type": "application/json", "connect-timeout-ms": timeout };
  return (await rawCall(edge.url, path, headers, body)).status;
}

test.each([
  ["23H", 82_800_000],
  ["1440M", 86_400_000],
  ["00000060S", 60_000],
  ["20000m", 20_000],
  ["20000000u", 20_000],
])("gRPC may wait for %s", async (timeout, ms) => {
  expect(await grpc(timeout)).toBe("0");
  expect(timeouts[0]).toBeLessThanOrEqual(ms);
  expect(timeouts[0]).toBeGreaterThan(ms - 10_000);
});

test.each(["99999999H", "25H", "100000000S", "1", "S", "1x", "-1S", "1 S", "1.5S", ""])(
  "gRPC can't wait for %j",
  async (timeout) => {
    expect(await grpc(timeout)).toBe("3");
    expect([timeouts, warnings]).toEqual([[], []]);
  },
);

test.each(["9999999999", "99999999999", "86400001", "x", "-1", "1.5", "1e3"])(
  "Connect can't wait for %j",
  async (timeout) => {
    expect(await connect(timeout)).toBe(400);
    expect([timeouts, warnings]).toEqual([[], []]);
  },
);

test("Connect may wait for up to a day", async () => {
  expect(await connect("86400000")).toBe(200);
  expect(timeouts[0]).toBeGreaterThan(86_390_000);
});

test("who does not wait at all is told so, and nothing is done", async () => {
  expect([await grpc("0n"), await grpc("0H"), await connect("0")]).toEqual(["4", "4", 504]);
  expect(timeouts).toEqual([]);
});
