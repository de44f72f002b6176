import { connect } from "node:http2";
import { afterEach, expect, test } from "vitest";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { openTestEdge, protocols, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";

let edge: TestEdge;
afterEach(() => edge.close());

const path = "/parley.media.v1.MediaService/UploadChunk";
const types = ["application/grpc", "application/grpc-web+proto", "application/proto", "application/json"];

/** Begins a call whose body never ends; resolves with the HTTP status once the answer is complete. */
function beginCall(token: string, type: string): Promise<number> {
  const session = connect(edge.url).on("error", () => {});
  const headers = { ":method": "POST", ":path": path, "content-type": type, te: "trailers", authorization: token };
  return new Promise((resolve) => {
    let status = 0;
    const stream = session.request(headers).on("error", () => {});
    stream.on("response", (answer) => (status = answer[":status"] ?? 0));
    stream.resume().on("end", () => {
      session.destroy();
      resolve(status);
    });
    stream.write(Buffer.alloc(1000));
  });
}

const open = async () => {
  edge = await openTestEdge((serve) => serve(MediaService, { uploadChunk: () => ({}) }));
};

test.each(types)("of a call by nobody known no body is waited for: %s", async (type) => {
  await open();
  const expected = type.startsWith("application/grpc") ? 200 : 401;
  expect(await beginCall("Bearer forged", type)).toBe(expected);
  expect(await beginCall("", type)).toBe(expected);
});

test.each(types)("of a call beyond the user's budget no body is waited for: %s", async (type) => {
  const limits = { callsPerMinute: 1, registersPerHour: 0, loginsPerMinute: 0, searchesPerMinute: 0 };
  edge = await openTestEdge((serve) => serve(MediaService, { uploadChunk: () => ({}) }), { limits });
  const chunk = { clientId: "0198c0de-0000-7000-8000-000000000001", uploadId: crypto.randomUUID() };
  await edge.client(MediaService).uploadChunk({ ...chunk, data: new Uint8Array(1) });
  expect(await beginCall("Bearer marvin", type)).toBe(type.startsWith("application/grpc") ? 200 : 429);
});

test.each(protocols)("over %s who may not call is told why, and is counted", async (protocol) => {
  await open();
  const chunk = { clientId: "0198c0de-0000-7000-8000-000000000001", uploadId: crypto.randomUUID() };
  const call = (token: string) =>
    failureOf(edge.client(MediaService, { protocol, token }).uploadChunk({ ...chunk, data: new Uint8Array(1) }));
  expect((await call("forged")).reason).toBe(PlatformErrorReason.UNAUTHENTICATED);
  expect((await call("")).reason).toBe(PlatformErrorReason.UNAUTHENTICATED);
  expect((await call("operator")).reason).toBe(PlatformErrorReason.WRONG_CREDENTIAL);
  const page = await edge.metrics.metrics();
  const counted = (code: string) => `{method="parley.media.v1.MediaService/UploadChunk",code="${code}"}`;
  expect(page).toContain(`parley_rpc_ended_total${counted("unauthenticated")} 2`);
  expect(page).toContain(`parley_rpc_ended_total${counted("permission_denied")} 1`);
});
