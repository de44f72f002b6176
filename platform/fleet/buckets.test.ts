import { expect, onTestFinished, test } from "vitest";
import { openNatsInstallation } from "#platform/runtime/installation-nats.ts";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { openTestNats } from "#platform/testing/nats.ts";
import { openNatsFleet } from "./fleet-nats.ts";

describeOnEngines("what processes share beside the log", ["nats-cluster"], () => {
  test("gets more copies where it has fewer than are asked for", async () => {
    const engine = await openTestNats(3);
    const { streams } = engine.jetstreamManager;
    const buckets = ["processes", "leases", "installation"].map((bucket) => `KV_${engine.name}_${bucket}`);
    const self = { id: "one", address: "http://127.0.0.1:1", modules: ["chat"], shards: 1 };
    for (const replicas of [1, 3]) {
      const nats = { ...engine, replicas };
      await openNatsInstallation(nats);
      await (await openNatsFleet(nats, self)).close();
      const copies = await Promise.all(buckets.map(async (name) => (await streams.info(name)).config.num_replicas));
      expect(copies).toEqual(Array(3).fill(replicas));
    }
    onTestFinished(async () => {
      for (const name of buckets) await streams.delete(name);
    });
  });
});
