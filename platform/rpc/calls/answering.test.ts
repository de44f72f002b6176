import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { until } from "#platform/testing/until.ts";
import { envelop } from "../protocols/envelopes.ts";

let edge: TestEdge;
let session: ClientHttp2Session;
const begun = { calls: 0, streams: 0, conversations: 0 };
const ended = { streams: 0, conversations: 0 };

const frame = (bytes: number) => ({ frame: { case: "heartbeat", value: { token: "x".repeat(bytes) } } }) as const;

beforeEach(async () => {
  Object.assign(begun, { calls: 0, streams: 0, conversations: 0 });
  Object.assign(ended, { streams: 0, conversations: 0 });
  edge = await openTestEdge((serve) => {
    serve(PresenceService, {
      getPresence() {
        begun.calls++;
        return new Promise(() => {});
      },
    });
    serve(DeliveryService, {
      async *subscribe() {
        begun.streams++;
        try {
          for (;;) yield frame(100_000);
        } finally {
          ended.streams++;
        }
      },
      async *connect(requests) {
        begun.conversations++;
        try {
          for await (const _ of requests) yield frame(1);
        } finally {
          ended.conversations++;
        }
      },
    });
  });
  session = connect(edge.url);
  session.on("error", () => {});
});
afterEach(async () => {
  session.destroy();
  await edge.close();
});

const paths = {
  unary: "/parley.presence.v1.PresenceService/GetPresence",
  subscribe: "/parley.chat.v1.DeliveryService/Subscribe",
  connect: "/parley.chat.v1.DeliveryService/Connect",
};
const asked = envelop(0, Buffer.from(JSON.stringify({ userIds: ["0198c0de-0000-7000-8000-000000000001"] })));
const empty = envelop(0, Buffer.from("{}"));
const opening = envelop(0, Buffer.from(JSON.stringify({ open: {} })));

function call(path: string, headers: Record<string, string> = {}): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    authorization: "Bearer marvin",
    "content-type": "application/grpc+json",
    ...headers,
  });
  return stream.on("error", () => {});
}

const reach = (counts: Record<string, number>, name: string, count = 1) =>
  until(() => ((counts[name] ?? 0) >= count ? "" : `${counts[name]} ${name}`));

async function nothingRuns(): Promise<void> {
  await until(async () => (/^parley_rpc_running\{.*\} [1-9]/m.test(await edge.metrics.metrics()) ? "calls run" : ""));
}

const stages: [string, () => Promise<ClientHttp2Stream>][] = [
  ["before its message", async () => call(paths.unary)],
  [
    "within its message",
    async () => {
      const stream = call(paths.unary);
      stream.write(asked.subarray(0, 20));
      return stream;
    },
  ],
  [
    "while the implementation runs",
    async () => {
      const stream = call(paths.unary);
      stream.end(asked);
      await reach(begun, "calls");
      return stream;
    },
  ],
  [
    "while a stream waits for its client to read",
    async () => {
      const stream = call(paths.subscribe);
      stream.end(empty);
      await once(stream, "response");
      return stream;
    },
  ],
  [
    "while a stream waits for its client to say more",
    async () => {
      const stream = call(paths.connect);
      stream.write(opening);
      await once(stream, "response");
      return stream;
    },
  ],
];

test.each(stages)("a client that leaves %s leaves nothing behind", async (_, begin) => {
  for (let count = 0; count < 5; count++) {
    const stream = await begin();
    stream.close(8);
    await once(stream, "close");
  }
  await nothingRuns();
  await reach(ended, "streams", begun.streams);
  await reach(ended, "conversations", begun.conversations);
});

test.each(stages)("a connection that breaks %s leaves nothing behind", async (_, begin) => {
  await begin();
  session.destroy();
  await nothingRuns();
  await reach(ended, "streams", begun.streams);
  await reach(ended, "conversations", begun.conversations);
});

test.each([
  ["a unary call", paths.unary, asked],
  ["a stream", paths.subscribe, empty],
])("%s whose deadline passes before its message is told, and not begun when that comes", async (_, path, message) => {
  const stream = call(path, { "grpc-timeout": "20m" });
  const [headers] = await once(stream, "response");
  expect(headers["grpc-status"]).toBe("4");
  stream.end(message);
  stream.resume();
  await once(stream, "close");
  await nothingRuns();
  expect([begun.calls, begun.streams, ended.streams]).toEqual([0, 0, 0]);
});

test("a stream whose deadline passes while its client does not read tells it in its place", async () => {
  const stream = call(paths.subscribe, { "grpc-timeout": "50m" });
  stream.end(empty);
  await once(stream, "response");
  await reach(ended, "streams");
  const trailers = once(stream, "trailers");
  stream.resume();
  expect((await trailers)[0]["grpc-status"]).toBe("4");
  await nothingRuns();
});

test("a long answer arrives whole at a slow client that could still say something", async () => {
  const stream = call(paths.connect, { "grpc-timeout": "300m" });
  for (let count = 0; count < 5_000; count++) stream.write(opening);
  await once(stream, "response");
  await reach(ended, "conversations");
  // Longer than what is left of a request is waited for.
  const later = performance.now() + 400;
  await until(() => (performance.now() > later ? "" : "too early"));
  const trailers = once(stream, "trailers");
  stream.resume();
  expect((await trailers)[0]["grpc-status"]).toBe("4");
});
