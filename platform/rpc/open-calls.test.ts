import { connect } from "node:http2";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus } from "#gen/grpc/health/v1/health_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { until } from "#platform/testing/until.ts";
import { refusalOf, WebSocketTalk } from "#platform/testing/websocket.ts";
import { noOpenLimits } from "./port/connection-limits.ts";
import type { TrustedProxies } from "./port/trusted-proxies.ts";

const openLimits = { ...noOpenLimits, callsPerAddress: 2 };
const behind = (header: TrustedProxies["header"]): TrustedProxies => ({ ranges: ["loopback"], header });

let edge: TestEdge;
afterEach(() => edge.close());

/** Calls of one client, all over the one connection of the proxy. */
function clientAt(address: string) {
  const transport = createGrpcTransport({
    baseUrl: edge.url,
    idleConnectionTimeoutMs: 1_000,
    interceptors: [
      (next) => (request) => {
        request.header.set("x-forwarded-for", address);
        return next(request);
      },
    ],
  });
  return createClient(Health, transport);
}

/** A stream that is open until it is left. */
async function watch(address: string): Promise<() => void> {
  const leaving = new AbortController();
  const stream = clientAt(address).watch({}, { signal: leaving.signal })[Symbol.asyncIterator]();
  await stream.next();
  stream.next().catch(() => {});
  return () => leaving.abort();
}

test("behind a proxy a client has so many calls open, and one that ends makes room", async () => {
  edge = await openTestEdge(() => {}, { proxies: behind("x-forwarded-for"), openLimits });
  const leave = await watch("192.0.2.1");
  await watch("192.0.2.1");
  const refused = await failureOf(clientAt("192.0.2.1").check({}));
  expect(refused).toMatchObject({ reason: PlatformErrorReason.RATE_LIMITED, retryAfterMs: 1_000 });
  expect(await clientAt("192.0.2.2").check({})).toMatchObject({ status: HealthCheckResponse_ServingStatus.SERVING });
  leave();
  await until(() =>
    clientAt("192.0.2.1")
      .check({})
      .then(() => "", String),
  );
});

test("calls that are cut off are not counted any more", async () => {
  edge = await openTestEdge(() => {}, { proxies: behind("x-forwarded-for"), openLimits });
  const session = connect(edge.url).on("error", () => {});
  const headers = { ":method": "POST", ":path": "/grpc.health.v1.Health/Check", "content-type": "application/grpc" };
  const open = () => session.request({ ...headers, te: "trailers", "x-forwarded-for": "192.0.2.1" });
  const begun = [open(), open()].map((stream) => stream.on("error", () => {}));
  await until(async () => {
    const error = await clientAt("192.0.2.1")
      .check({})
      .then(() => "served", String);
    return error.includes("too many calls") ? "" : error;
  });
  expect(begun.map((stream) => stream.closed)).toEqual([false, false]);
  session.destroy();
  await until(() =>
    clientAt("192.0.2.1")
      .check({})
      .then(() => "", String),
  );
});

test("a WebSocket counts as the call that it carries, for the client that opened it", async () => {
  async function* connect() {
    yield await new Promise<never>(() => {});
  }
  edge = await openTestEdge((serve) => serve(DeliveryService, { connect }), {
    proxies: behind("x-forwarded-for"),
    openLimits: { ...openLimits, callsPerAddress: 1 },
  });
  const talkAs = async (client: string) => {
    const options = { headers: { "x-forwarded-for": client } };
    const url = `${edge.url}/parley.chat.v1.DeliveryService/Connect`;
    return (await new WebSocketTalk(url, "parley.connect+json", options).opened()).authorize("marvin");
  };
  const running = async (talks: number) => {
    const page = await edge.metrics.metrics();
    return page.includes(`parley_rpc_running{method="parley.chat.v1.DeliveryService/Connect"} ${talks}\n`) ? "" : page;
  };
  const first = await talkAs("192.0.2.1");
  await until(() => running(1));
  const second = await talkAs("192.0.2.1");
  await second.closing;
  expect(second.ending?.error?.code).toBe("resource_exhausted");
  const other = await talkAs("192.0.2.2");
  await until(() => running(2));
  for (const talk of [first, other]) talk.webSocket.terminate();
  await until(() => running(0));
});

test("a WebSocket counts before it says whose call it carries, too", async () => {
  edge = await openTestEdge((serve) => serve(DeliveryService, {}), { proxies: behind("x-forwarded-for"), openLimits });
  const url = `${edge.url}/parley.chat.v1.DeliveryService/Connect`;
  const from = (client: string) => ({ "x-forwarded-for": client });
  const open = (client: string) => new WebSocketTalk(url, "parley.connect+json", { headers: from(client) }).opened();
  const [silent, speaking] = [await open("192.0.2.1"), await open("192.0.2.1")];
  const ask = (client: string) => refusalOf(url, "parley.connect+json", from(client));
  expect(await ask("192.0.2.1")).toEqual([429, "too many are open from this address"]);
  expect(await ask("192.0.2.2")).toEqual([101, ""]);
  await speaking.authorize("marvin").closing;
  expect(speaking.ending?.error?.code).toBe("unimplemented");
  expect(await ask("192.0.2.1")).toEqual([101, ""]);
  silent.webSocket.terminate();
  await until(async () => {
    const opened = await Promise.all([ask("192.0.2.1"), ask("192.0.2.1")]);
    return opened.every(([status]) => status === 101) ? "" : "they are still counted";
  });
});

test.each([
  ["without proxies", undefined],
  // The proxy is somewhere else: here clients connect themselves.
  ["behind one whose connections are the clients'", { ...behind("proxy-v2"), ranges: ["10.0.0.0/8"] }],
])("%s the calls of strangers count, and those of users do not", async (_, proxies) => {
  async function* connect() {
    yield { frame: { case: "caughtUp" as const, value: { token: "" } } };
    await new Promise<never>(() => {});
  }
  edge = await openTestEdge((serve) => serve(DeliveryService, { connect }), {
    ...(proxies ? { proxies } : {}),
    openLimits,
  });
  const leaves = [await watch("192.0.2.1"), await watch("192.0.2.2")];
  expect(await failureOf(clientAt("192.0.2.3").check({}))).toMatchObject({ reason: PlatformErrorReason.RATE_LIMITED });
  const url = `${edge.url}/parley.chat.v1.DeliveryService/Connect`;
  const talks = await Promise.all(Array.from({ length: 5 }, () => new WebSocketTalk(url).opened()));
  for (const talk of talks) expect(await talk.authorize("marvin").told(1)).toHaveLength(1);
  for (const leave of leaves) leave();
  for (const talk of talks) talk.webSocket.terminate();
  await until(() =>
    clientAt("192.0.2.3")
      .check({})
      .then(() => "", String),
  );
});
