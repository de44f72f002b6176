import { once } from "node:events";
import { constants, createServer } from "node:http2";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { Code, createClient } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { failureOf } from "#platform/testing/failure.ts";
import { openTestPair, type TestPair } from "#platform/testing/peers.ts";
import { until } from "#platform/testing/until.ts";
import { platformErrors } from "../errors.ts";
import { callAs, identityKey } from "../identity.ts";
import { createPeerConnections, type PeerConnections } from "./connections.ts";
import { createRemoteTransport } from "./remote.ts";

let pair: TestPair;
afterEach(() => pair.close());

const open = async (routes: Parameters<typeof openTestPair>[1]) => {
  pair = await openTestPair([], routes);
};
const uuid = "0198c0de-0000-7000-8000-000000000001";
const asked = { userIds: [uuid] };

test.each([
  [{ kind: "service", name: "chat" }],
  [{ kind: "operator" }],
  [{ kind: "user", userId: "marvin", deviceId: "terminal", sessionId: "today" }],
])("a peer hears on whose behalf it is called: %o", async (identity) => {
  await open((serve) =>
    serve(PresenceService, {
      announce: (_, { values, timeoutMs }) => {
        expect(timeoutMs()).toBeLessThanOrEqual(5000);
        throw platformErrors.INVALID_ARGUMENT({ message: JSON.stringify(values.get(identityKey)) });
      },
      getPresence: (_, { values }) => ({ presences: [{ userId: JSON.stringify(values.get(identityKey)) }] }),
    }),
  );
  const caller = identity as Parameters<typeof callAs>[0];
  const options = callAs(caller, { timeoutMs: 5000 });
  if (caller.kind === "user" || caller.kind === "service") {
    const { presences } = await pair.peer(PresenceService).getPresence(asked, options);
    expect(JSON.parse(presences[0]?.userId ?? "")).toEqual(identity);
  }
  const failure = await failureOf(pair.peer(PresenceService).announce({ userId: uuid, deviceId: uuid }, options));
  const wanted =
    caller.kind === "service" ? PlatformErrorReason.INVALID_ARGUMENT : PlatformErrorReason.WRONG_CREDENTIAL;
  expect(failure.reason).toBe(wanted);
});

test("failures arrive with their details, deadlines and cancellation pass", async () => {
  const ended: unknown[] = [];
  await open((serve) =>
    serve(PresenceService, {
      getPresence: ({ userIds }, { signal }) => {
        if (userIds.length > 1) throw platformErrors.RATE_LIMITED({ retryAfterMs: 77 });
        signal.addEventListener("abort", () => ended.push(signal.reason));
        return new Promise(() => {});
      },
    }),
  );
  const presence = pair.peer(PresenceService);
  const asService = (options = {}) => callAs({ kind: "service", name: "chat" }, options);
  const limited = await failureOf(presence.getPresence({ userIds: [uuid, uuid] }, asService()));
  expect(limited).toMatchObject({ reason: PlatformErrorReason.RATE_LIMITED, retryAfterMs: 77 });
  const late = await failureOf(presence.getPresence(asked, asService({ timeoutMs: 50 })));
  expect(late).toMatchObject({ code: Code.DeadlineExceeded, reason: PlatformErrorReason.DEADLINE });
  const leaving = new AbortController();
  const call = failureOf(presence.getPresence(asked, asService({ signal: leaving.signal })));
  leaving.abort();
  expect(await call).toMatchObject({ code: Code.Canceled, reason: PlatformErrorReason.CANCELLED });
  await until(() => (ended.length > 0 ? "" : "nothing ended"));
});

test("a stream whose peer goes away fails with a reason, and the next one is opened on a new connection", async () => {
  await open((serve) =>
    serve(DeliveryService, {
      async *subscribe({ token }) {
        yield { frame: { case: "heartbeat", value: { token } } };
        await new Promise(() => {});
      },
    }),
  );
  const delivery = pair.peer(DeliveryService);
  const read = async () => {
    const frames = delivery.subscribe({ token: "a" }, callAs({ kind: "service", name: "test" }));
    for await (const _ of frames) pair.connections.cut();
  };
  for (let time = 0; time < 3; time++) {
    expect((await failureOf(read())).reason).toBe(PlatformErrorReason.PEER_UNREACHABLE);
  }
});

/** Another process that answers nothing and allows few calls at a time. */
async function openSilent(
  maxConcurrentStreams: number,
): Promise<{ connections: PeerConnections; sessions: () => number }> {
  let sessions = 0;
  const server = createServer({ settings: { maxConcurrentStreams } });
  server.on("session", (session) => {
    sessions++;
    session.on("error", () => {});
  });
  server.on("stream", (stream) => stream.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const connections = createPeerConnections(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  return { connections, sessions: () => sessions };
}

test("connections are made as calls need them, and no more than are allowed", async () => {
  await open(() => {});
  const { connections, sessions } = await openSilent(4);
  const presence = createClient(PresenceService, createRemoteTransport(connections, pair.key));
  const failures: Promise<unknown>[] = [];
  const asService = callAs({ kind: "service", name: "test" });
  for (let call = 0; call < 16 * 4; call++) failures.push(failureOf(presence.getPresence(asked, asService)));
  await until(() => (sessions() === 16 ? "" : `${sessions()} connections`));
  const tooMany = await failureOf(presence.getPresence(asked, asService));
  expect(tooMany).toMatchObject({ reason: PlatformErrorReason.PEER_UNREACHABLE });
  expect(tooMany.message).toContain("too many calls");
  expect(sessions()).toBe(16);
  connections.close();
  expect((await Promise.all(failures)).every((failure) => failure !== undefined)).toBe(true);
});

test.each(["from the first moment on", "after a while"])("a process that says nothing %s is away", async (when) => {
  await open(() => {});
  let isSilent = when === "from the first moment on";
  const [target, sockets] = [new URL(pair.core.url), new Set<Socket>()];
  // Stands between, and lets nothing through once the other process is silent.
  const between = createTcpServer((socket) => {
    const onward = connect(Number(target.port), target.hostname);
    for (const end of [socket, onward]) sockets.add(end.on("error", () => {}));
    socket.on("data", (bytes) => isSilent || onward.write(bytes));
    onward.on("data", (bytes) => isSilent || socket.write(bytes));
  });
  between.listen(0, "127.0.0.1");
  await once(between, "listening");
  const { port } = between.address() as AddressInfo;
  const connections = createPeerConnections(`http://127.0.0.1:${port}`, { connect: 100, ping: 100 });
  const presence = createClient(PresenceService, createRemoteTransport(connections, pair.key));
  const asService = callAs({ kind: "service", name: "test" });
  if (!isSilent) {
    expect((await failureOf(presence.getPresence(asked, asService))).reason).toBe(PlatformErrorReason.UNKNOWN_METHOD);
    isSilent = true;
  }
  const failure = await failureOf(presence.getPresence(asked, asService));
  expect(failure.reason).toBe(PlatformErrorReason.PEER_UNREACHABLE);
  connections.close();
  between.close();
  for (const socket of sockets) socket.destroy();
});

test.each(["its connection", "the call"])(
  "a process that ends %s in the middle is away: nobody cancelled",
  async (what) => {
    await open(() => {});
    const server = createServer();
    server.on("session", (session) => session.on("error", () => {}));
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      if (what === "the call") stream.close(constants.NGHTTP2_CANCEL);
      else stream.session?.socket.destroy();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const connections = createPeerConnections(`http://127.0.0.1:${port}`);
    const presence = createClient(PresenceService, createRemoteTransport(connections, pair.key));
    const failure = await failureOf(presence.getPresence(asked, callAs({ kind: "service", name: "test" })));
    expect(failure.reason).toBe(PlatformErrorReason.PEER_UNREACHABLE);
    connections.close();
    server.close();
  },
);
