import { setImmediate as nextTurn } from "node:timers/promises";
import { createClient, createServiceImplSpec, type ServiceImpl } from "@connectrpc/connect";
import pino from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { CloseReason } from "#gen/parley/chat/v1/delivery_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { deliveryOver, Reader } from "../testing/reader.ts";
import { openWorld, type World } from "../testing/world.ts";
import type { Delivery } from "./delivery.ts";
import { sessionGraceMs, sessionPollMs, watchSessions } from "./session-watch.ts";

let world: World;
let delivery: Delivery;
let stop = () => {};

beforeEach(async () => {
  world = await openWorld({ shards: 1 });
  delivery = deliveryOver(world);
});

afterEach(async () => {
  stop();
  delivery.close(CloseReason.STOPPING);
  vi.useRealTimers();
  await world.close();
});

/** Watches the sessions of an auth service that answers as told, under a clock that the test turns. */
function watchOver(checkSessions: ServiceImpl<typeof AuthService>["checkSessions"]): void {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
  const answers: Partial<ServiceImpl<typeof AuthService>> = { checkSessions };
  const spec = createServiceImplSpec(AuthService, answers);
  const served = { ...createServed(), find: (method: { localName: string }) => spec.methods[method.localName] };
  const auth = createClient(AuthService, createPeerTransport(served));
  const bus = createMemoryBus();
  stop = watchSessions({ delivery, auth, bus, clock: Date.now, logger: pino({ level: "silent" }) });
}

async function reading(device: string): Promise<Reader> {
  const reader = new Reader(delivery, uuidv7(), device);
  await reader.catchUp();
  reader.client.takeKinds();
  return reader;
}

test("a session that ended without anybody hearing of it is found by asking", async () => {
  const [revoked, lasting] = [await reading("revoked"), await reading("lasting")];
  watchOver(({ sessions }) => ({
    endedSessionIds: sessions.map(({ sessionId }) => sessionId).filter((id) => id === "revoked"),
  }));
  vi.advanceTimersByTime(sessionPollMs);
  await expect.poll(() => revoked.stream?.isClosed).toBe(true);
  await revoked.take(1);
  expect(revoked.client.frames).toMatchObject([{ case: "closed", value: { reason: CloseReason.SESSION_ENDED } }]);
  expect(lasting.stream?.isClosed).toBe(false);
});

test("streams are closed once nobody could say for 30 s whether their sessions last", async () => {
  const reader = await reading("phone");
  let asked = 0;
  watchOver(() => {
    asked++;
    throw new Error("out of reach");
  });
  for (let waited = 0; waited < sessionGraceMs; waited += 1_000) {
    expect(reader.stream?.isClosed).toBe(false);
    await expect.poll(() => asked).toBe(Math.floor(waited / sessionPollMs));
    vi.advanceTimersByTime(1_000);
  }
  await reader.take(1);
  expect(reader.client.frames).toMatchObject([{ case: "closed", value: { reason: CloseReason.UNAVAILABLE } }]);
});

test("a question that fails is asked again, and the round goes on from there", async () => {
  const readers = await Promise.all(Array.from({ length: 60 }, (_, index) => reading(`device ${index}`)));
  const asked: string[][] = [];
  watchOver(({ sessions }) => {
    asked.push(sessions.map(({ sessionId }) => sessionId));
    if (asked.length === 2) throw new Error("out of reach");
    return {};
  });
  vi.advanceTimersByTime(sessionPollMs);
  await expect.poll(() => asked.length).toBe(2);
  vi.advanceTimersByTime(sessionPollMs);
  await expect.poll(() => asked.length).toBe(3);
  expect(asked.map((sessions) => sessions.length)).toEqual([50, 10, 10]);
  expect(asked[2]).toEqual(asked[1]);
  expect(new Set(asked.flat()).size).toBe(readers.length);
});

test("one session of which nobody can tell for 30 s loses its streams; the others are told all the while", async () => {
  const [lost, lasting] = [await reading("lost"), await reading("lasting")];
  let asked = 0;
  watchOver(() => {
    asked++;
    return { unknownSessionIds: ["lost"] };
  });
  for (let rounds = 1; (rounds - 1) * sessionPollMs < sessionGraceMs; rounds++) {
    expect(lost.stream?.isClosed).toBe(false);
    vi.advanceTimersByTime(sessionPollMs);
    await expect.poll(() => asked).toBe(rounds);
    await nextTurn();
  }
  vi.advanceTimersByTime(sessionPollMs);
  await expect.poll(() => lost.stream?.isClosed).toBe(true);
  await lost.take(1);
  expect(lost.client.frames).toMatchObject([{ case: "closed", value: { reason: CloseReason.UNAVAILABLE } }]);
  expect(lasting.stream?.isClosed).toBe(false);
});
