import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { rawCall } from "#platform/testing/raw-call.ts";
import { maxPublicBytes } from "../edge.ts";
import { envelop } from "./envelopes.ts";

let edge: TestEdge;
let defects = 0;
beforeAll(async () => {
  edge = await openTestEdge(() => {});
});
afterAll(() => edge.close());
beforeEach(() => {
  defects = countDefects();
});

const countDefects = () => edge.logged.filter(({ msg }) => msg === "call failed by a defect").length;
const request = Buffer.from(JSON.stringify({ service: "" }));
const bomb = Buffer.alloc(64 * maxPublicBytes);

interface Way {
  readonly protocol: string;
  send(encoding: string | undefined, message: Buffer, isCompressed?: boolean): Promise<number>;
}

const codes: Record<string, number> = { "200": 0, "400": 3, "404": 5, "429": 8, "501": 12, "500": 13 };

const call = (headers: Record<string, string>, body: Buffer) =>
  rawCall(edge.url, "/grpc.health.v1.Health/Check", headers, body);

/** Each answers the gRPC code of the result. */
const ways: Way[] = [
  {
    protocol: "connect",
    async send(encoding, message) {
      const headers = { "content-type": "application/json", ...(encoding ? { "content-encoding": encoding } : {}) };
      return codes[(await call(headers, message)).status] ?? -1;
    },
  },
  {
    protocol: "grpc",
    async send(encoding, message, isCompressed = true) {
      const headers = { "content-type": "application/grpc+json", ...(encoding ? { "grpc-encoding": encoding } : {}) };
      const answer = await call(headers, envelop(isCompressed ? 1 : 0, message));
      return Number(answer.trailers["grpc-status"] ?? answer.headers["grpc-status"]);
    },
  },
  {
    protocol: "grpc-web",
    async send(encoding, message, isCompressed = true) {
      const type = "application/grpc-web+json";
      const headers = { "content-type": type, ...(encoding ? { "grpc-encoding": encoding } : {}) };
      const { body } = await call(headers, envelop(isCompressed ? 1 : 0, message));
      return Number(/grpc-status: (\d+)/.exec(body.toString())?.[1]);
    },
  },
];

const encodings = [
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
] as const;
const combinations = ways.flatMap((way) => encodings.map(([encoding, compress]) => ({ ...way, encoding, compress })));

test.each(combinations)(
  "$protocol, $encoding: opened up to the limit, else told",
  async ({ send, encoding, compress }) => {
    expect(await send(encoding, compress(request))).toBe(0);
    expect(await send(encoding, compress(bomb))).toBe(8);
    const cutOff = compress(Buffer.from(JSON.stringify({ service: "y".repeat(500) }))).subarray(0, 9);
    expect(await send(encoding, cutOff)).toBe(3);
    expect(await send(encoding, Buffer.from([0xff, 0xfe, 0xfd, 0xfc, 0xfb]))).toBe(3);
    expect(countDefects()).toBe(defects);
  },
);

test.each(ways.slice(1))("$protocol: compressed, but nobody said how", async ({ send }) => {
  expect(await send(undefined, gzipSync(request))).toBe(13);
  expect(await send("identity", gzipSync(request))).toBe(13);
  expect(await send("gzip", request, false)).toBe(0);
  expect(countDefects()).toBe(defects);
});

test.each(ways)("$protocol: an encoding that the server does not know", async ({ send }) => {
  expect(await send("zstd", request)).toBe(12);
});

test("who compresses in an unknown way hears which ways there are", async () => {
  const grpc = await call({ "content-type": "application/grpc", "grpc-encoding": "zstd" }, envelop(1, request));
  expect(grpc.headers["grpc-accept-encoding"]).toBe("gzip,br");
  const connect = await call({ "content-type": "application/json", "content-encoding": "zstd" }, request);
  expect(connect.headers["accept-encoding"]).toBe("gzip,br");
});
