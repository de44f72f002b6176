import { expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { failureOf } from "#platform/testing/failure.ts";
import { timelyBody } from "./timely-body.ts";

const chunk = new Uint8Array([1, 2, 3]);
const unary = PresenceService.method.setStatus;

async function* halfABody(): AsyncIterable<Uint8Array> {
  yield chunk;
  await new Promise(() => {});
}

async function readAll(body: ReturnType<typeof timelyBody>): Promise<Uint8Array[]> {
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) throw new TypeError("not a stream");
  const chunks: Uint8Array[] = [];
  for await (const next of body) chunks.push(next);
  return chunks;
}

test("a body passes as it is", async () => {
  async function* body() {
    yield chunk;
    yield chunk;
  }
  expect(await readAll(timelyBody(unary, body()))).toEqual([chunk, chunk]);
});

test("a body that never ends fails in time", async () => {
  expect((await failureOf(readAll(timelyBody(unary, halfABody(), 20)))).reason).toBe(PlatformErrorReason.DEADLINE);
});

test("what a client streams may take as long as it likes", () => {
  const body = halfABody();
  expect(timelyBody(DeliveryService.method.connect, body, 20)).toBe(body);
});
