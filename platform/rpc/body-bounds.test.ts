import { type ClientHttp2Session, connect } from "node:http2";
import { createContextValues } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { deviceId, sessionId, userId } from "#platform/runtime/ids.ts";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { createBodyBounds, maxUserBodyBytes } from "./body-bounds.ts";
import { identityKey } from "./identity.ts";
import { readPolicy } from "./method-policy.ts";

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
  const method = MediaService.method.uploadChunk;
  const boundBody = createBodyBounds(() => readPolicy(method), 10);
  const values = createContextValues().set(identityKey, {
    kind: "user",
    userId: userId("marvin"),
    deviceId: deviceId("x"),
    sessionId: sessionId("x"),
  });
  async function* bytes(error?: Error) {
    yield new Uint8Array(6);
    if (error) throw error;
  }
  const begin = (error?: Error) => {
    const body = boundBody(method, bytes(error), values);
    if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) throw new TypeError("no stream");
    return body[Symbol.asyncIterator]();
  };
  const refused = { reason: PlatformErrorReason.RATE_LIMITED, retryAfterMs: 1000 };
  for (const end of ["done", "failed", "left"]) {
    const body = begin(end === "failed" ? new Error("gone") : undefined);
    await body.next();
    expect(await failureOf(begin().next())).toMatchObject(refused);
    if (end === "left") await body.return?.();
    else await body.next().catch(() => undefined);
  }
  expect((await begin().next()).done).toBe(false);
});
