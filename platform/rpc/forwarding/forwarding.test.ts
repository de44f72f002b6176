import { connect } from "node:http2";
import { setTimeout as nextMs } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { DownloadRequestSchema, MediaService } from "#gen/parley/media/v1/media_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { protocols } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { openTestPair, type TestPair } from "#platform/testing/peers.ts";
import { until } from "#platform/testing/until.ts";
import { platformErrors } from "../errors.ts";
import { clientAddressKey, identityKey } from "../identity.ts";
import { envelop } from "../protocols/envelopes.ts";

const services = [DeliveryService, MediaService, PresenceService];
let pair: TestPair;
afterEach(() => pair.close());

const open = async (routes: Parameters<typeof openTestPair>[1], url?: string) => {
  pair = await openTestPair(services, routes, url);
};
const uuid = "0198c0de-0000-7000-8000-000000000001";
const clientId = uuid;
const asked = { userIds: [uuid] };

test.each(protocols)("over %s a call reaches the other process as its caller made it", async (protocol) => {
  await open((serve) =>
    serve(PresenceService, {
      getPresence: ({ userIds }, { values, requestHeader, timeoutMs, responseHeader, responseTrailer }) => {
        responseHeader.set("said", requestHeader.get("asked") ?? "");
        responseTrailer.set("done", "yes");
        const identity = values.get(identityKey);
        const who = identity.kind === "user" ? identity.userId : identity.kind;
        const left = (timeoutMs() ?? 0) > 0 && (timeoutMs() ?? 0) <= 5000;
        return { presences: [{ userId: `${who} at ${values.get(clientAddressKey)} asks for ${userIds[0]} ${left}` }] };
      },
    }),
  );
  const heard: (string | null)[] = [];
  const { presences } = await pair.gateway.client(PresenceService, { protocol }).getPresence(
    { userIds: [uuid] },
    {
      timeoutMs: 5000,
      headers: { asked: "this" },
      onHeader: (header) => heard.push(header.get("said")),
      onTrailer: (trailer) => heard.push(trailer.get("done")),
    },
  );
  expect(presences[0]?.userId).toBe(`marvin at 127.0.0.1 asks for ${uuid} true`);
  expect(heard).toEqual(["this", "yes"]);
});

test("a call by GET passes, and what HTTP itself refuses is refused at once", async () => {
  await open((serve) =>
    serve(PresenceService, { getPresence: ({ userIds }) => ({ presences: [{ userId: userIds[0] ?? "" }] }) }),
  );
  const url = `${pair.gateway.url}/parley.presence.v1.PresenceService/GetPresence`;
  const headers = { authorization: "Bearer marvin" };
  const query = `connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify(asked))}`;
  const answer = await fetch(`${url}?${query}`, { headers });
  expect(await answer.json()).toMatchObject({ presences: [{ userId: uuid }] });
  expect((await fetch(url, { method: "PUT", headers })).status).toBe(405);
  const asText = { ...headers, "content-type": "text/plain" };
  expect((await fetch(url, { method: "POST", headers: asText, body: "hello" })).status).toBe(415);
  expect((await fetch(`${pair.gateway.url}/parley.presence.v1.PresenceService/None`, { headers })).status).toBe(404);
});

test.each(protocols)("over %s failures pass with their details", async (protocol) => {
  await open((serve) =>
    serve(PresenceService, {
      getPresence: () => {
        throw platformErrors.RATE_LIMITED({ retryAfterMs: 1234 });
      },
    }),
  );
  const failure = await failureOf(pair.gateway.client(PresenceService, { protocol }).getPresence(asked));
  expect(failure).toMatchObject({ reason: PlatformErrorReason.RATE_LIMITED, retryAfterMs: 1234 });
});

test.each(protocols)("over %s and HTTP/1.1 too, large bodies pass whole, compressed or not", async (protocol) => {
  await open((serve) =>
    serve(MediaService, {
      uploadChunk: ({ data }) => ({ offset: BigInt(data.length) }),
    }),
  );
  const httpVersion = protocol === "grpc" ? "2" : "1.1";
  const media = pair.gateway.client(MediaService, { protocol, httpVersion });
  const data = new Uint8Array(200_000).map((_, index) => index * index);
  expect((await media.uploadChunk({ clientId, uploadId: uuid, data })).offset).toBe(200_000n);
  const failure = await failureOf(media.uploadChunk({ clientId, uploadId: uuid, data: new Uint8Array(2_000_000) }));
  expect(failure.reason).toBe(PlatformErrorReason.TOO_LARGE);
});

test("a stream flows at its reader's pace, whole", async () => {
  const [parts, partBytes] = [1000, 16 * 1024];
  let sent = 0;
  await open((serve) =>
    serve(MediaService, {
      async *download() {
        for (; sent < parts; sent++) yield { part: { case: "data", value: new Uint8Array(partBytes) } } as const;
      },
    }),
  );
  const session = connect(pair.gateway.url);
  const headers = { "content-type": "application/grpc", authorization: "Bearer marvin", te: "trailers" };
  const stream = session.request({ ":method": "POST", ":path": "/parley.media.v1.MediaService/Download", ...headers });
  stream.end(envelop(0, toBinary(DownloadRequestSchema, create(DownloadRequestSchema, { mediaId: uuid }))));
  // Nobody reads: after what buffers on the way take, nothing more is sent.
  let last = -1;
  await until(async () => {
    const before = last;
    last = sent;
    await nextMs(50);
    return sent > 0 && before === sent ? "" : "still sends";
  });
  expect(sent).toBeLessThan(parts / 2);
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  expect(bytes).toBeGreaterThan(parts * partBytes);
  session.destroy();
});

test("both sides of a bidirectional stream flow", async () => {
  await open((serve) =>
    serve(DeliveryService, {
      async *connect(requests) {
        for await (const { command } of requests)
          yield { frame: { case: "heartbeat", value: { token: command.case ?? "" } } };
      },
    }),
  );
  let next = () => {};
  async function* requests() {
    for (const each of ["open", "typing", "open"] as const) {
      const turn = new Promise<void>((resolve) => {
        next = resolve;
      });
      yield { command: { case: each, value: {} } } as const;
      await turn;
    }
  }
  const tokens: string[] = [];
  for await (const { frame } of pair.gateway.client(DeliveryService).connect(requests())) {
    tokens.push(frame.case === "heartbeat" ? frame.value.token : "");
    next();
  }
  expect(tokens).toEqual(["open", "typing", "open"]);
});

test("a caller who leaves, or whose deadline passes, ends the call in the other process", async () => {
  const ended: unknown[] = [];
  let begun = 0;
  await open((serve) =>
    serve(PresenceService, {
      getPresence: (_, { signal }) => {
        begun++;
        signal.addEventListener("abort", () => ended.push(signal.reason));
        return new Promise(() => {});
      },
    }),
  );
  const presence = pair.gateway.client(PresenceService);
  expect((await failureOf(presence.getPresence(asked, { timeoutMs: 50 }))).code).toBe(Code.DeadlineExceeded);
  const leaving = new AbortController();
  const call = presence.getPresence(asked, { signal: leaving.signal });
  await until(() => (begun === 2 ? "" : "not called"));
  leaving.abort();
  expect((await failureOf(call)).code).toBe(Code.Canceled);
  await until(() => (ended.length === 2 ? "" : `${ended.length} ended`));
});

test("while the port closes, calls that run are waited for", async () => {
  let answer: (() => void) | undefined;
  await open((serve) =>
    serve(PresenceService, {
      getPresence: () =>
        new Promise((resolve) => {
          answer = () => resolve({});
        }),
    }),
  );
  const running = pair.gateway.client(PresenceService).getPresence(asked);
  await until(() => (answer ? "" : "not called"));
  pair.gateway.refuse();
  const finished = pair.gateway.finish(10_000);
  answer?.();
  await running;
  await finished;
});
