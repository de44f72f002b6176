import { randomBytes } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callAs } from "#platform/rpc/identity.ts";
import { createPeerConnections } from "#platform/rpc/peers/connections.ts";
import { createRemoteTransport } from "#platform/rpc/peers/remote.ts";
import { openTestEdge, protocols, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { type RecordedSpans, recordSpans } from "#platform/testing/recorded-spans.ts";
import { until } from "#platform/testing/until.ts";
import { WebSocketTalk } from "#platform/testing/websocket.ts";
import { traceTransport } from "./traced-transport.ts";
import { readTraceparent } from "./traceparent.ts";

const [traceId, spanId] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
const headers = { traceparent: `00-${traceId}-${spanId}-01`, tracestate: "app=1" };
const method = "parley.presence.v1.PresenceService/GetPresence";
const userIds = ["0198c0de-0000-7000-8000-000000000001"];

let recorded: RecordedSpans;
let edge: TestEdge;
const peerKey = randomBytes(32);
beforeAll(async () => {
  recorded = recordSpans();
  edge = await openTestEdge(
    (serve) => {
      serve(PresenceService, {
        getPresence({ userIds: [first] }) {
          if (first === userIds[0]) return { presences: [{ userId: recorded.tracing.active()?.traceparent ?? "" }] };
          throw first === "00000000-0000-7000-8000-000000000000"
            ? platformErrors.STOPPING()
            : platformErrors.RATE_LIMITED();
        },
      });
      serve(DeliveryService, {
        async *subscribe() {
          yield { frame: { case: "heartbeat", value: { token: recorded.tracing.active()?.traceparent ?? "" } } };
        },
      });
    },
    { tracing: recorded.tracing, peerKey },
  );
});
afterEach(() => recorded.forget());
afterAll(async () => {
  await edge.close();
  await recorded.stop();
});

/** A call is told of before its span ends. */
const ended = (name: string) => until(() => (recorded.named(name) ? "" : `no ${name}`));

test.each(protocols)("over %s a call goes on with its caller's trace", async (protocol) => {
  const presence = edge.client(PresenceService, { protocol });
  const { presences } = await presence.getPresence({ userIds }, { headers });
  await ended(method);
  const span = recorded.named(method);
  expect(span?.kind).toBe(SpanKind.SERVER);
  expect(span?.parentSpanContext).toMatchObject({ traceId, spanId, isRemote: true });
  expect(readTraceparent(presences[0]?.userId ?? "")?.spanId).toBe(span?.spanContext().spanId);
  expect(span?.attributes).toEqual({
    "rpc.method": method,
    "rpc.system.name": protocol.startsWith("grpc") ? "grpc" : "connectrpc",
    "rpc.status_code": "OK",
  });
});

test("on a WebSocket the first message says the context", async () => {
  const talk = await new WebSocketTalk(`${edge.url}/parley.chat.v1.DeliveryService/Subscribe`).opened();
  onTestFinished(() => talk.webSocket.terminate());
  talk.webSocket.send(JSON.stringify({ authorization: "Bearer marvin", ...headers }));
  const [told = ""] = await talk.say({}).finish().told(1);
  expect(told).toContain(traceId);
  await ended("parley.chat.v1.DeliveryService/Subscribe");
  expect(recorded.all()[0]?.parentSpanContext?.spanId).toBe(spanId);
});

test("what is the server's fault is an error of its span; what is the caller's is not", async () => {
  const presence = edge.client(PresenceService);
  await failureOf(presence.getPresence({ userIds: ["00000000-0000-7000-8000-000000000000"] }));
  await ended(method);
  expect(recorded.all()[0]?.status.code).toBe(SpanStatusCode.ERROR);
  expect(recorded.all()[0]?.attributes).toMatchObject({
    "rpc.status_code": "UNAVAILABLE",
    "error.type": "UNAVAILABLE",
  });
  recorded.forget();
  await failureOf(presence.getPresence({ userIds: ["ffffffff-0000-7000-8000-000000000000"] }));
  await ended(method);
  expect(recorded.all()[0]?.status.code).toBe(SpanStatusCode.UNSET);
  expect(recorded.all()[0]?.attributes["rpc.status_code"]).toBe("RESOURCE_EXHAUSTED");
});

test("a call between processes is a span on both sides; beside any trace it is none on the caller's", async () => {
  const connections = createPeerConnections(edge.url);
  onTestFinished(() => connections.close());
  const transport = traceTransport(createRemoteTransport(connections, peerKey), recorded.tracing);
  const presence = createClient(PresenceService, transport);
  const asService = callAs({ kind: "service", name: "test" });
  const call = recorded.tracing.begin("call", { caller: headers });
  await call.run(() => presence.getPresence({ userIds }, asService));
  call.end();
  await until(() => (recorded.all().length === 3 ? "" : "not all"));
  const side = (kind: SpanKind) => recorded.all().find((span) => span.kind === kind);
  expect(side(SpanKind.SERVER)?.parentSpanContext?.spanId).toBe(side(SpanKind.CLIENT)?.spanContext().spanId);
  expect(side(SpanKind.CLIENT)?.parentSpanContext?.spanId).toBe(readTraceparent(call.traceparent)?.spanId);
  recorded.forget();
  await presence.getPresence({ userIds }, asService);
  await ended(method);
  expect(recorded.all().map(({ kind }) => kind)).toEqual([SpanKind.SERVER]);
});
