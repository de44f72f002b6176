import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, protocols, type TestEdge } from "#platform/testing/edge.ts";
import { until } from "#platform/testing/until.ts";

let edge: TestEdge;
afterEach(() => edge.close());

const userIds = ["0198c0de-0000-7000-8000-000000000001"];

test.each(protocols)("over %s a call that runs when the server stops is answered", async (protocol) => {
  let answer = () => {};
  const released = new Promise<void>((resolve) => (answer = resolve));
  let running = false;
  edge = await openTestEdge((serve) =>
    serve(PresenceService, {
      async getPresence() {
        running = true;
        await released;
        return {};
      },
    }),
  );
  const call = edge.client(PresenceService, { protocol }).getPresence({ userIds });
  await until(() => (running ? "" : "the call does not run"));
  edge.refuse();
  const finished = edge.finish(10_000);
  answer();
  await call;
  await finished;
});

test("a call that does not end is not waited for longer than the grace", async () => {
  edge = await openTestEdge((serve) => serve(PresenceService, { getPresence: () => new Promise(() => {}) }));
  const call = edge.client(PresenceService).getPresence({ userIds });
  await until(async () => ((await edge.metrics.metrics()).includes('GetPresence"} 1') ? "" : "the call does not run"));
  edge.refuse();
  await edge.finish(50);
  await edge.close();
  await expect(call).rejects.toThrow();
});

test("what a client could still say on an answered stream is not waited for", async () => {
  edge = await openTestEdge((serve) =>
    serve(DeliveryService, {
      async *connect() {
        yield { frame: { case: "heartbeat", value: { token: "last" } } };
      },
    }),
  );
  async function* neverEnding() {
    yield { command: { case: "open", value: {} } } as const;
    await new Promise(() => {});
  }
  for await (const { frame } of edge.client(DeliveryService).connect(neverEnding())) {
    expect(frame.value).toMatchObject({ token: "last" });
  }
  edge.refuse();
  const start = performance.now();
  await edge.finish(10_000);
  expect(performance.now() - start).toBeLessThan(5_000);
});

test("a call that comes while the server stops is told to come back", async () => {
  edge = await openTestEdge((serve) => serve(PresenceService, { getPresence: () => ({}) }));
  const socket = connect(Number(new URL(edge.url).port), "127.0.0.1");
  await once(socket, "connect");
  await fetch(`${edge.url}/healthz`);
  edge.refuse();
  const head =
    "POST /parley.presence.v1.PresenceService/GetPresence HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
  socket.write(`${head}content-length: 2\r\n\r\n{}`);
  const answer = await text(socket);
  expect(answer).toContain("503");
  expect(answer.toLowerCase()).toContain("connection: close");
  expect(answer).toContain("PLATFORM_ERROR_REASON_STOPPING");
});
