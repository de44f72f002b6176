import { once } from "node:events";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { Gauge } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { ConnectRequestSchema, DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, protocols, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { identityKey } from "./identity.ts";

let edge: TestEdge;
afterEach(() => edge.close());

const someId = "0198c0de-0000-7000-8000-000000000001";

async function drainAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

const combinations = protocols.flatMap((protocol) =>
  (["1.1", "2"] as const)
    .filter((httpVersion) => !(protocol === "grpc" && httpVersion === "1.1"))
    .map((httpVersion) => ({ protocol, httpVersion })),
);

test.each(combinations)("$protocol over HTTP/$httpVersion answers, streams and fails with types", async (options) => {
  edge = await openTestEdge((serve) => {
    serve(PresenceService, { getPresence: ({ userIds }) => ({ presences: userIds.map((userId) => ({ userId })) }) });
    serve(DeliveryService, {
      async *subscribe() {
        for (const token of ["a", "b"]) yield { frame: { case: "heartbeat", value: { token } } };
      },
    });
  });
  const presence = edge.client(PresenceService, options);
  expect((await presence.getPresence({ userIds: [someId] })).presences).toMatchObject([{ userId: someId }]);
  const tokens: (string | undefined)[] = [];
  for await (const { frame } of edge.client(DeliveryService, options).subscribe({})) {
    tokens.push(frame.case === "heartbeat" ? frame.value.token : undefined);
  }
  expect(tokens).toEqual(["a", "b"]);
  expect(await failureOf(presence.getPresence({ userIds: ["x"] }))).toMatchObject({
    code: Code.InvalidArgument,
    reason: PlatformErrorReason.INVALID_ARGUMENT,
    message: expect.stringContaining("user_ids[0]"),
  });
  expect(await failureOf(presence.setStatus({ clientId: someId, status: 1 }))).toMatchObject({
    code: Code.Unimplemented,
    reason: PlatformErrorReason.UNKNOWN_METHOD,
  });
});

test.each(combinations)("$protocol over HTTP/$httpVersion takes a request of nothing", async (options) => {
  edge = await openTestEdge(() => {});
  expect(await edge.client(Health, options).check({})).toMatchObject({ status: 1 });
});

test("both directions of a stream flow, and each message that a client sends is held to its rules", async () => {
  edge = await openTestEdge((serve) =>
    serve(DeliveryService, {
      async *connect(requests) {
        for await (const { command } of requests) {
          yield { frame: { case: "heartbeat", value: { token: command.case ?? "" } } };
        }
      },
    }),
  );
  async function* requests() {
    yield create(ConnectRequestSchema, { command: { case: "open", value: {} } });
    yield create(ConnectRequestSchema, { command: { case: "open", value: { presenceUserIds: ["x"] } } });
  }
  const tokens: string[] = [];
  const call = async () => {
    for await (const { frame } of edge.client(DeliveryService).connect(requests())) {
      if (frame.case === "heartbeat") tokens.push(frame.value.token);
    }
  };
  expect(await failureOf(call())).toMatchObject({ reason: PlatformErrorReason.INVALID_ARGUMENT });
  expect(tokens).toEqual(["open"]);
});

test("a method is for those whom its contract names", async () => {
  edge = await openTestEdge((serve) => serve(PresenceService, { announce: () => ({}), getPresence: () => ({}) }));
  const reason = async (token: string, method: "announce" | "getPresence") => {
    const client = edge.client(PresenceService, { token });
    const call = method === "announce" ? client.announce({}) : client.getPresence({ userIds: [someId] });
    return (await failureOf(call)).reason;
  };
  await edge.client(PresenceService).getPresence({ userIds: [someId] });
  expect(await reason("", "getPresence")).toBe(PlatformErrorReason.UNAUTHENTICATED);
  expect(await reason("forged", "getPresence")).toBe(PlatformErrorReason.UNAUTHENTICATED);
  expect(await reason("operator", "getPresence")).toBe(PlatformErrorReason.WRONG_CREDENTIAL);
  for (const token of ["marvin", "operator"]) {
    expect(await reason(token, "announce")).toBe(PlatformErrorReason.WRONG_CREDENTIAL);
  }
});

test("the implementation gets the identity that was verified", async () => {
  edge = await openTestEdge((serve) =>
    serve(PresenceService, {
      getPresence: (_, { values }) => {
        const identity = values.get(identityKey);
        return { presences: [{ userId: identity.kind === "user" ? identity.userId : "" }] };
      },
    }),
  );
  const { presences } = await edge.client(PresenceService, { token: "trillian" }).getPresence({ userIds: [someId] });
  expect(presences).toMatchObject([{ userId: "trillian" }]);
});

test.each(protocols)("over %s a defect tells its caller an id and nothing else", async (protocol) => {
  edge = await openTestEdge((serve) => {
    serve(PresenceService, {
      getPresence: () => {
        throw new TypeError("a secret of the inside");
      },
    });
    serve(DeliveryService, {
      async *subscribe() {
        yield { frame: { case: "heartbeat", value: {} } };
        throw new TypeError("a secret of the inside");
      },
    });
  });
  const calls = [
    () => edge.client(PresenceService, { protocol }).getPresence({ userIds: [someId] }),
    () => drainAll(edge.client(DeliveryService, { protocol }).subscribe({})),
  ];
  for (const call of calls) {
    const { reason, message } = await failureOf(call());
    expect(reason).toBe(PlatformErrorReason.INTERNAL);
    expect(message).not.toContain("secret");
    const id = message.split(": ")[1];
    expect(edge.logged).toContainEqual(expect.objectContaining({ id, msg: "call failed by a defect" }));
  }
});

test.each(protocols)("over %s a call that takes longer than its caller waits ends with DEADLINE", async (protocol) => {
  edge = await openTestEdge((serve) =>
    serve(PresenceService, {
      getPresence: (_, { signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    }),
  );
  const call = edge.client(PresenceService, { protocol }).getPresence({ userIds: [someId] }, { timeoutMs: 50 });
  expect((await failureOf(call)).code).toBe(Code.DeadlineExceeded);
});

test("calls are counted by method and code", async () => {
  edge = await openTestEdge((serve) => serve(PresenceService, { getPresence: () => ({}) }));
  await edge.client(PresenceService).getPresence({ userIds: [someId] });
  await failureOf(edge.client(PresenceService).getPresence({ userIds: [] }));
  const page = await (await fetch(`${edge.url}/metrics`)).text();
  const method = "parley.presence.v1.PresenceService/GetPresence";
  expect(page).toContain(`parley_rpc_ended_total{method="${method}",code="ok"} 1`);
  expect(page).toContain(`parley_rpc_ended_total{method="${method}",code="invalid_argument"} 1`);
});

test("the pages of operators answer", async () => {
  let reasons: string[] = [];
  edge = await openTestEdge(() => {}, { notReady: () => reasons });
  const get = async (path: string) => await fetch(`${edge.url}${path}`);
  expect((await get("/healthz")).status).toBe(200);
  expect((await get("/readyz")).status).toBe(200);
  reasons = ["chat: shard 3 is stopped"];
  const notReady = await get("/readyz");
  expect([notReady.status, await notReady.text()]).toEqual([503, "chat: shard 3 is stopped\n"]);
  expect(await (await get("/.well-known/jwks.json")).json()).toEqual({ keys: [{ kty: "OKP" }] });
  expect((await get("/nothing")).status).toBe(404);
  expect((await fetch(`${edge.url}/healthz`, { method: "POST" })).status).toBe(405);
});

test("HEAD is answered as GET is, without the body, over both versions of HTTP", async () => {
  edge = await openTestEdge(() => {});
  const answer = await fetch(`${edge.url}/healthz`, { method: "HEAD" });
  expect([answer.status, answer.headers.get("content-length"), await answer.text()]).toEqual([200, "3", ""]);
  const session = connect(edge.url);
  const stream = session.request({ ":method": "HEAD", ":path": "/healthz" });
  const [headers] = await once(stream, "response");
  expect([headers[":status"], headers["content-length"], await text(stream)]).toEqual([200, "3", ""]);
  session.close();
});

test("a page that can't be made answers 500, is logged, and the others go on", async () => {
  edge = await openTestEdge(() => {}, {
    notReady: () => {
      throw new Error("a secret of the inside");
    },
  });
  const collect = () => {
    throw new Error("a secret of the inside");
  };
  new Gauge({ name: "broken", help: "broken", registers: [edge.metrics], collect });
  for (const path of ["/metrics", "/readyz"]) {
    const answer = await fetch(`${edge.url}${path}`);
    expect([answer.status, await answer.text()]).toEqual([500, "internal error\n"]);
    expect(edge.logged).toContainEqual(expect.objectContaining({ path, msg: "page failed by a defect" }));
  }
  expect((await fetch(`${edge.url}/healthz`)).status).toBe(200);
});
