import { once } from "node:events";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { failureOf } from "#platform/testing/failure.ts";
import { envelop, onlyEnvelope, readEnvelopes } from "./envelopes.ts";

function limits() {
  const held = {
    bytes: 0,
    maxMessageBytes: 1000,
    hold(bytes: number) {
      held.bytes += bytes;
    },
  };
  return held;
}

async function readAll(body: PassThrough, given = limits()): Promise<number[][]> {
  const messages: number[][] = [];
  for await (const { flags, data } of readEnvelopes(body, given)) messages.push([flags, ...data]);
  return messages;
}

test("messages come out whole, however the body was cut, and nothing is held in the end", async () => {
  const messages = fc.array(fc.tuple(fc.nat(3), fc.uint8Array({ maxLength: 40 })), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(messages, fc.array(fc.nat(400), { maxLength: 10 }), async (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(([flags, data]) => envelop(flags, data)));
      const body = new PassThrough();
      const edges = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      for (const [index, edge] of edges.slice(1).entries()) body.write(bytes.subarray(edges[index], edge));
      body.end();
      const held = limits();
      expect(await readAll(body, held)).toEqual(sent.map(([flags, data]) => [flags, ...data]));
      expect(held.bytes).toBe(0);
    }),
  );
});

test("what is cut off in the middle of a message is told after the messages before it", async () => {
  const body = new PassThrough();
  body.end(Buffer.concat([envelop(0, Buffer.from("ab")), envelop(0, Buffer.from("cd")).subarray(0, 6)]));
  const envelopes = readEnvelopes(body, limits());
  expect((await envelopes.next()).value?.data.toString()).toBe("ab");
  await expect(envelopes.next()).rejects.toThrow("incomplete message");
});

test("a body that was over before is empty", async () => {
  const ended = new PassThrough().end().resume();
  await once(ended, "end");
  expect(await readAll(ended)).toEqual([]);
});

test("a length beyond the limit is refused before its bytes come", async () => {
  const body = new PassThrough();
  body.write(envelop(0, new Uint8Array(1001)).subarray(0, 5));
  expect((await failureOf(readEnvelopes(body, limits()).next())).reason).toBe(PlatformErrorReason.TOO_LARGE);
});

test("who leaves is told no more, and holds nothing", async () => {
  const body = new PassThrough();
  body.write(envelop(0, new Uint8Array(100)).subarray(0, 50));
  const held = limits();
  const envelopes = readEnvelopes(body, held);
  await envelopes.return?.();
  expect((await envelopes.next()).done).toBe(true);
  expect(held.bytes).toBe(0);
});

test("a call of one message has exactly one", () => {
  const one = envelop(0, Buffer.from("ab"));
  expect(onlyEnvelope(one, 10).data.toString()).toBe("ab");
  expect(() => onlyEnvelope(Buffer.alloc(0), 10)).toThrow("missing message");
  expect(() => onlyEnvelope(Buffer.concat([one, one]), 10)).toThrow("more than one message");
  expect(() => onlyEnvelope(one.subarray(0, 6), 10)).toThrow("incomplete message");
});
