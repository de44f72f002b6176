import { afterEach, describe, expect, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import type { Fleet } from "./fleet.ts";
import type { Process } from "./processes.ts";
import { createWork } from "./testing/work.ts";

/** What holds of a fleet on any engine, for a process that is alone in it. */
export function describeFleet(engine: string, open: (self: Process) => Promise<Fleet>): void {
  const fleets: Fleet[] = [];
  const openOne = async () => {
    const fleet = await open({ id: crypto.randomUUID(), address: "http://127.0.0.1:1", modules: ["chat"], shards: 4 });
    fleets.push(fleet);
    return fleet;
  };
  afterEach(async () => {
    for (const fleet of fleets.splice(0)) await fleet.close();
  });

  describe(`a fleet on ${engine}`, () => {
    test("a process runs from its start on, and serves its modules once it is announced", async () => {
      const { self, processes } = await openOne();
      expect(processes.running()).toEqual([self]);
      expect(processes.serving("chat")).toEqual([]);
      processes.announce();
      expect(processes.serving("chat")).toEqual([self]);
      expect(processes.serving("user")).toEqual([]);
      processes.withdraw();
      expect(processes.serving("chat")).toEqual([]);
      expect(processes.running()).toEqual([self]);
    });

    test("changes are told until nobody listens", async () => {
      const { processes, leases } = await openOne();
      const [ofProcesses, ofLeases] = [{ calls: 0 }, { calls: 0 }];
      const unlisten = processes.onChange(() => void ofProcesses.calls++);
      const unlistenLeases = leases.onChange(() => void ofLeases.calls++);
      processes.announce();
      expect(ofProcesses.calls).toBeGreaterThan(0);
      const competition = leases.compete("group", 1, createWork());
      await until(() => (leases.holderOf("group", 0) ? "" : "nobody holds it"));
      expect(ofLeases.calls).toBeGreaterThan(0);
      unlisten();
      unlistenLeases();
      const before = [ofProcesses.calls, ofLeases.calls];
      await competition.stop();
      processes.announce();
      expect([ofProcesses.calls, ofLeases.calls]).toEqual(before);
    });

    test("who competes alone holds every key, of this group only", async () => {
      const { self, leases } = await openOne();
      const work = createWork();
      expect(leases.holderOf("group", 0)).toBeUndefined();
      const competition = leases.compete("group", 16, work);
      await until(() => (work.held.size === 16 ? "" : `${work.held.size} keys`));
      for (let key = 0; key < 16; key++) expect(leases.holderOf("group", key)).toEqual(self);
      expect(leases.holderOf("group", 16)).toBeUndefined();
      expect(leases.holderOf("another", 0)).toBeUndefined();
      await competition.stop();
    });

    test("a key that is given up is gained again, never before its work has ended", async () => {
      const { leases } = await openOne();
      const work = createWork();
      const competition = leases.compete("group", 2, work);
      await until(() => (work.held.size === 2 ? "" : "not held"));
      const finish = work.holdUp(1);
      competition.giveUp(1);
      competition.giveUp(1);
      await until(() => (work.losing.has(1) ? "" : "not lost"));
      expect(work.calls(1)).toEqual(["gained", "lost"]);
      finish();
      await until(() => (work.held.size === 2 ? "" : "not held again"));
      expect(work.calls(1)).toEqual(["gained", "lost", "gained"]);
      expect(work.calls(0)).toEqual(["gained"]);
      await competition.stop();
    });

    test("stopping waits for the work on each key and holds nothing after; twice is harmless", async () => {
      const { leases } = await openOne();
      const work = createWork();
      const competition = leases.compete("group", 3, work);
      await until(() => (work.held.size === 3 ? "" : "not held"));
      const finish = work.holdUp(2);
      const stopping = Promise.all([competition.stop(), competition.stop()]);
      await until(() => (work.held.size === 0 ? "" : "still held"));
      expect(leases.holderOf("group", 2)).toBeDefined();
      finish();
      await stopping;
      await competition.stop();
      for (let key = 0; key < 3; key++) expect(leases.holderOf("group", key)).toBeUndefined();
      expect(work.calls(2)).toEqual(["gained", "lost"]);
    });
  });
}
