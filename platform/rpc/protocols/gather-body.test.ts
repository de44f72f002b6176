import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { failureOf } from "#platform/testing/failure.ts";
import { gatherBody } from "./gather-body.ts";

const limits = { timeoutMs: 10_000, hold: () => {} };

test("a body comes whole", async () => {
  const body = new PassThrough();
  const read = gatherBody(body, 6, limits);
  body.write("abc");
  body.end("def");
  expect((await read).toString()).toBe("abcdef");
});

test("a body of nothing is empty", async () => {
  expect((await gatherBody(new PassThrough().end(), 6, limits)).length).toBe(0);
});

test("a body, or a client, that was gone before is not waited for", async () => {
  const ended = new PassThrough().end().resume();
  await once(ended, "end");
  expect((await gatherBody(ended, 6, limits)).length).toBe(0);
  const left = new PassThrough().destroy();
  expect((await failureOf(gatherBody(left, 6, limits))).reason).toBe(PlatformErrorReason.CANCELLED);
});

test("a byte too many is refused before the rest comes", async () => {
  const body = new PassThrough();
  const read = gatherBody(body, 6, limits);
  body.write("abcdefg");
  expect((await failureOf(read)).reason).toBe(PlatformErrorReason.TOO_LARGE);
});

test("a body that never ends fails in time", async () => {
  const body = new PassThrough();
  body.write("abc");
  expect((await failureOf(gatherBody(body, 6, { ...limits, timeoutMs: 20 }))).reason).toBe(
    PlatformErrorReason.DEADLINE,
  );
});

test("a client that goes away in the middle ends it", async () => {
  const body = new PassThrough();
  body.write("abc");
  const read = gatherBody(body, 6, limits);
  body.destroy();
  expect((await failureOf(read)).reason).toBe(PlatformErrorReason.CANCELLED);
});
