import { createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import { openTestPair, type TestPair } from "#platform/testing/peers.ts";
import { until } from "#platform/testing/until.ts";
import type { Bus } from "./bus.ts";
import { createMemoryBus } from "./bus-memory.ts";
import { createRemoteBus, type RemoteBus } from "./bus-remote.ts";
import { busService } from "./bus-service.ts";

let held: Bus;
let pair: TestPair;
let beside: RemoteBus[];

beforeEach(async () => {
  held = createMemoryBus();
  pair = await openTestPair([], (serve) => serve(PeerService, busService(held, new AbortController().signal)));
  beside = [1, 2].map(() => createRemoteBus(createClient(PeerService, pair.transport), createMemoryBus()));
});
afterEach(async () => {
  for (const bus of beside) bus.close();
  await pair.close();
});

/** Publishes until the news come through: those before the listeners were heard are lost. */
async function heardFrom(publisher: Bus, listeners: readonly Bus[]): Promise<void> {
  const heard = listeners.map(() => 0);
  const forget = listeners.map((bus, index) =>
    bus.subscribe("typing", (payload) => {
      if (payload[0] === 7) heard[index] = (heard[index] ?? 0) + 1;
    }),
  );
  await until(() => {
    publisher.publish("typing", Uint8Array.of(7));
    return heard.every((count) => count > 0) ? "" : `heard ${heard}`;
  });
  for (const end of forget) end();
}

test("news reach all processes, whoever publishes them", async () => {
  const all = [held, ...beside];
  for (const publisher of all) await heardFrom(publisher, all);
});

test("news of one publisher arrive in order, each topic by itself", async () => {
  await heardFrom(held, beside);
  const seen: number[][] = beside.map(() => []);
  for (const [index, bus] of beside.entries()) {
    bus.subscribe("marks", (payload) => void seen[index]?.push(payload[0] ?? 0));
  }
  const numbers = Array.from({ length: 100 }, (_, number) => number);
  for (const number of numbers) held.publish("marks", Uint8Array.of(number));
  await until(() => (seen.every(({ length }) => length === 100) ? "" : "not all"));
  expect(seen).toEqual([numbers, numbers]);
});

test("news are heard again once a lost connection is back", async () => {
  await heardFrom(held, beside);
  pair.connections.cut();
  await heardFrom(held, beside);
});
