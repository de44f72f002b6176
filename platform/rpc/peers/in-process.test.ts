import { Code, createClient, createContextKey, createContextValues } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { userId } from "#platform/runtime/ids.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { platformErrors } from "../errors.ts";
import { callAs, clientAddressKey, identityKey } from "../identity.ts";
import { createServed, type Served } from "../served.ts";
import { createPeerTransport } from "./in-process.ts";

function peersOf(serve: (served: Served) => void) {
  const served = createServed();
  serve(served);
  const transport = createPeerTransport(served);
  return { presence: createClient(PresenceService, transport), delivery: createClient(DeliveryService, transport) };
}

test("a call carries its message, its identity and its deadline", async () => {
  const { presence } = peersOf((served) =>
    served.add(PresenceService, {
      getPresence({ userIds }, { values, timeoutMs }) {
        expect(timeoutMs()).toBeGreaterThan(0);
        return { presences: [{ userId: `${userIds[0]} for ${JSON.stringify(values.get(identityKey))}` }] };
      },
    }),
  );
  const options = callAs({ kind: "service", name: "chat" }, { timeoutMs: 1000 });
  const { presences } = await presence.getPresence({ userIds: ["marvin"] }, options);
  expect(presences[0]?.userId).toBe('marvin for {"kind":"service","name":"chat"}');
});

test("an error arrives as it was thrown", async () => {
  const error = platformErrors.RATE_LIMITED({ retryAfterMs: 500 });
  const { presence } = peersOf((served) =>
    served.add(PresenceService, {
      getPresence: () => {
        throw error;
      },
    }),
  );
  await expect(presence.getPresence({ userIds: [userId("x")] })).rejects.toBe(error);
});

test("a caller stops waiting at its deadline and when it aborts, heeded or not", async () => {
  const { presence } = peersOf((served) => served.add(PresenceService, { getPresence: () => new Promise(() => {}) }));
  expect((await failureOf(presence.getPresence({}, { timeoutMs: 20 }))).code).toBe(Code.DeadlineExceeded);
  const aborting = new AbortController();
  const call = presence.getPresence({}, { signal: aborting.signal });
  aborting.abort(platformErrors.CANCELLED());
  expect((await failureOf(call)).reason).toBe(PlatformErrorReason.CANCELLED);
});

test("the implementation's signal aborts when its call is over", async () => {
  let signal: AbortSignal | undefined;
  const { presence } = peersOf((served) =>
    served.add(PresenceService, {
      getPresence: (_, context) => {
        signal = context.signal;
        return {};
      },
    }),
  );
  await presence.getPresence({});
  expect(signal?.aborted).toBe(true);
});

test("streams flow in both directions and end", async () => {
  const { delivery } = peersOf((served) =>
    served.add(DeliveryService, {
      async *subscribe({ token }) {
        yield { frame: { case: "heartbeat", value: { token } } };
      },
      async *connect(requests) {
        for await (const { command } of requests)
          yield { frame: { case: "heartbeat", value: { token: command.case ?? "" } } };
      },
    }),
  );
  const tokensOf = async (frames: ReturnType<typeof delivery.subscribe>) => {
    const tokens: (string | undefined)[] = [];
    for await (const { frame } of frames) tokens.push(frame.case === "heartbeat" ? frame.value.token : undefined);
    return tokens;
  };
  expect(await tokensOf(delivery.subscribe({ token: "a" }))).toEqual(["a"]);
  async function* requests() {
    yield { command: { case: "open", value: {} } } as const;
    yield { command: { case: "typing", value: {} } } as const;
  }
  expect(await tokensOf(delivery.connect(requests()))).toEqual(["open", "typing"]);
});

test("a peer is told who calls and from where, and nothing else that the caller knows of its own call", async () => {
  const secret = createContextKey("none");
  const { presence } = peersOf((served) =>
    served.add(PresenceService, {
      getPresence: (_, { values }) => {
        const [address, told] = [values.get(clientAddressKey), values.get(secret)];
        values.set(secret, "of the peer");
        return { presences: [{ userId: `${address} ${told}` }] };
      },
    }),
  );
  const contextValues = createContextValues().set(clientAddressKey, "192.0.2.1").set(secret, "of the caller");
  const { presences } = await presence.getPresence({}, { contextValues });
  expect(presences[0]?.userId).toBe("192.0.2.1 none");
  expect(contextValues.get(secret)).toBe("of the caller");
});

test("headers pass in both directions", async () => {
  const { presence } = peersOf((served) =>
    served.add(PresenceService, {
      getPresence: (_, { requestHeader, responseHeader, responseTrailer }) => {
        responseHeader.set("said", requestHeader.get("asked") ?? "");
        responseTrailer.set("done", "yes");
        return {};
      },
    }),
  );
  const heard: (string | null)[] = [];
  await presence.getPresence(
    {},
    {
      headers: { asked: "this" },
      onHeader: (header) => heard.push(header.get("said")),
      onTrailer: (trailer) => heard.push(trailer.get("done")),
    },
  );
  expect(heard).toEqual(["this", "yes"]);
});

test("a stream whose caller goes away ends at once, also where the implementation waits for something else", async () => {
  const { delivery } = peersOf((served) =>
    served.add(DeliveryService, {
      async *subscribe() {
        yield { frame: { case: "heartbeat", value: {} } };
        await new Promise(() => {});
      },
    }),
  );
  const leaving = new AbortController();
  const read = async () => {
    for await (const _ of delivery.subscribe({}, { signal: leaving.signal })) leaving.abort(platformErrors.CANCELLED());
  };
  expect((await failureOf(read())).reason).toBe(PlatformErrorReason.CANCELLED);
});

test("a service that does not run here, and a method without implementation, are typed failures", async () => {
  const { presence, delivery } = peersOf((served) => served.add(PresenceService, {}));
  expect((await failureOf(presence.getPresence({}))).code).toBe(Code.Unimplemented);
  const open = async () => {
    for await (const _ of delivery.subscribe({}));
  };
  expect((await failureOf(open())).reason).toBe(PlatformErrorReason.UNKNOWN_METHOD);
});

test("nothing is served twice", () => {
  const served = createServed();
  served.add(PresenceService, {});
  expect(() => served.add(PresenceService, {})).toThrow("twice");
});
