import { type ClientHttp2Session, connect } from "node:http2";
import { PassThrough } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { deviceId, sessionId, userId } from "#platform/runtime/ids.ts";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { gatherBody } from "../protocols/gather-body.ts";
import { createBodyBudget, maxUserBodyBytes } from "./body-budget.ts";

let edge: TestEdge;
const sessions: ClientHttp2Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await edge.close();
});

const unfinishedBytes = 1_000_000;
const chunk = { clientId: "0198c0de-0000-7000-8000-000000000001", uploadId: crypto.randomUUID() };

function connectTo(): ClientHttp2Session {
  const session = connect(edge.url).on("error", () => {});
  sessions.push(session);
  return session;
}

/** Begins a call that never ends; resolves with the HTTP status, once there is one. */
function beginCall(session: ClientHttp2Session, user: string, type: string): Promise<number> {
  const stream = session.request({
    ":method": "POST",
    ":path": "/parley.media.v1.MediaService/UploadChunk",
    "content-type": type,
    authorization: `Bearer ${user}`,
  });
  stream.on("error", () => {});
  // The length that a gRPC message begins with.
  const head = Buffer.alloc(type === "application/grpc" ? 5 : 0);
  if (head.length > 0) head.writeUInt32BE(unfinishedBytes + 1, 1);
  stream.write(Buffer.concat([head, Buffer.alloc(unfinishedBytes)]));
  return new Promise((resolve) => stream.on("response", (answer) => resolve(answer[":status"] ?? 0)));
}

test.each(["application/grpc", "application/proto"])(
  "a user holds so much of unfinished requests: %s",
  async (type) => {
    edge = await openTestEdge((serve) => serve(MediaService, { uploadChunk: () => ({}) }));
    const calls: Promise<number>[] = [];
    const [one, other] = [connectTo(), connectTo()];
    const most = Math.floor(maxUserBodyBytes / unfinishedBytes);
    for (let count = 0; count <= most; count++) calls.push(beginCall(count % 2 ? one : other, "marvin", type));
    expect(await Promise.race(calls)).toBe(type === "application/grpc" ? 200 : 429);
    const upload = (token: string) =>
      edge.client(MediaService, { token }).uploadChunk({ ...chunk, data: new Uint8Array(100_000) });
    await upload("trillian");
    // What the refused call held is free again.
    await upload("marvin");
  },
);

test("what ends, however it ends, is held no longer", async () => {
  const identity = {
    kind: "user",
    userId: userId("marvin"),
    deviceId: deviceId("x"),
    sessionId: sessionId("x"),
  } as const;
  const budget = createBodyBudget(10);
  const begin = () => {
    const body = new PassThrough();
    body.write(new Uint8Array(6));
    return { body, read: gatherBody(body, 100, { timeoutMs: 10_000, hold: budget.of(identity) }) };
  };
  const ends = {
    done: (body: PassThrough) => body.end(),
    failed: (body: PassThrough) => body.destroy(new Error("gone")).on("error", () => {}),
    left: (body: PassThrough) => body.destroy(),
  };
  const refused = { reason: PlatformErrorReason.RATE_LIMITED, retryAfterMs: 1000 };
  for (const end of Object.values(ends)) {
    const { body, read } = begin();
    expect(await failureOf(begin().read)).toMatchObject(refused);
    end(body);
    await read.catch(() => undefined);
  }
  const { body, read } = begin();
  body.end();
  expect((await read).length).toBe(6);
});
