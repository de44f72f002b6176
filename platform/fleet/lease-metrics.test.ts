import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { createMemoryFleet } from "./fleet-memory.ts";
import { measureLeases } from "./lease-metrics.ts";

test("what is held is counted while it is", async () => {
  const metrics = new Registry();
  const self = { id: "one", address: "http://127.0.0.1:1", modules: [], shards: 4 };
  const leases = measureLeases(createMemoryFleet(self).leases, metrics);
  const held: number[] = [];
  const competition = leases.compete("shards", 4, { gained: (key) => held.push(key), lost: async () => {} });
  await expect.poll(() => held.length).toBe(4);
  expect(await metrics.metrics()).toContain('parley_leases_held{group="shards"} 4');
  await competition.stop();
  const told = await metrics.metrics();
  expect(told).toContain('parley_leases_held{group="shards"} 0');
  expect(told).toContain('parley_leases_gained_total{group="shards"} 4');
});
