import { afterAll, afterEach, describe, expect, test } from "vitest";
import { type NatsEngine, openNats } from "#platform/engines/nats.ts";
import { engineUrl, freshName } from "#platform/testing/engines.ts";
import { natsOptions } from "#platform/testing/nats.ts";
import { until } from "#platform/testing/until.ts";
import { describeFleet } from "./fleet.contract.ts";
import type { Fleet } from "./fleet.ts";
import { openNatsFleet } from "./fleet-nats.ts";
import { type Competitor, startCompetitor } from "./testing/competitor.ts";

const engines: NatsEngine[] = [];
async function openEngine(name: string, replicas: 1 | 3 = 1): Promise<NatsEngine> {
  const url = await engineUrl(replicas === 1 ? "nats" : "nats-cluster");
  const nats = await openNats(natsOptions(url, replicas, name));
  engines.push(nats);
  return nats;
}
afterAll(async () => {
  for (const nats of engines) await nats.close();
});

describeFleet("NATS", async (self) => openNatsFleet(await openEngine(freshName()), self));
describeFleet("NATS, three servers", async (self) => openNatsFleet(await openEngine(freshName(), 3), self));

describe("processes that share an installation on NATS", () => {
  const competitors: Competitor[] = [];
  const join = async (name: string, keys = 16, incarnation = 1) => {
    const competitor = await startCompetitor(await openEngine(name), keys, incarnation);
    competitors.push(competitor);
    return competitor;
  };
  afterEach(async () => {
    for (const competitor of competitors.splice(0)) await competitor.leave();
  });
  const shared = (among: readonly Competitor[], counts: readonly number[]) =>
    until(() => {
      const now = among.map(({ work }) => work.held.size).sort((a, b) => b - a);
      return JSON.stringify(now) === JSON.stringify(counts) ? "" : `shares are ${now}`;
    });
  const agreed = (among: readonly Competitor[]) =>
    until(() => {
      for (const { fleet } of among) {
        for (const { fleet: holder, work } of among) {
          for (const key of work.held) {
            if (fleet.leases.holderOf("group", key)?.id !== holder.self.id) return `key ${key} is seen elsewhere`;
          }
        }
      }
      return "";
    });

  test("share the keys that all of them know of, and the others once all do", async () => {
    const name = freshName();
    const [one, two] = [await join(name), await join(name)];
    await shared([one, two], [8, 8]);
    const more = await join(name, 20);
    await shared([one, two, more], [6, 5, 5]);
    await agreed([one, two, more]);
    await one.leave();
    await shared([two, more], [8, 8]);
    await two.leave();
    await shared([more], [20]);
  });

  test("hand all to those of the log's newest life, and serve no more, where they slept while it began", async () => {
    const name = freshName();
    const asleep = await join(name);
    await shared([asleep], [16]);
    asleep.fleet.processes.announce();
    const [one, two] = [await join(name, 16, 2), await join(name, 16, 2)];
    await shared([one, two, asleep], [8, 8, 0]);
    expect(asleep.work.held.size).toBe(0);
    await agreed([one, two, asleep]);
    expect(one.fleet.processes.serving("chat")).toEqual([]);
    expect(one.fleet.processes.running()).toHaveLength(3);
  });

  test("know each other, and each who serves what", async () => {
    const name = freshName();
    const [one, two] = [await join(name), await join(name)];
    const ids = (fleet: Fleet) => fleet.processes.running().map(({ id }) => id);
    const both = [one.fleet.self.id, two.fleet.self.id].sort();
    await until(() => (ids(one.fleet).length === 2 && ids(two.fleet).length === 2 ? "" : "not known"));
    expect([ids(one.fleet), ids(two.fleet)]).toEqual([both, both]);
    expect(one.fleet.processes.serving("chat")).toEqual([]);
    two.fleet.processes.announce();
    await until(() => (one.fleet.processes.serving("chat").length === 1 ? "" : "not announced"));
    expect(one.fleet.processes.serving("chat")).toEqual([two.fleet.self]);
    const stranger = await join(freshName());
    expect(ids(stranger.fleet)).toEqual([stranger.fleet.self.id]);
  });

  test("share keys fairly, all see the same, and a key that stays where it is knows nothing of it", async () => {
    const name = freshName();
    const one = await join(name);
    await shared([one], [16]);
    const two = await join(name);
    await shared([one, two], [8, 8]);
    const three = await join(name);
    await shared([one, two, three], [6, 5, 5]);
    await agreed([one, two, three]);
    const moves = [one, two, three].flatMap(({ work }) => [...Array(16).keys()].map((key) => work.calls(key).length));
    expect(moves.reduce((sum, calls) => sum + calls)).toBe(16 + 2 * 8 + 2 * 5);
  });

  test("a key is never worked on twice while it moves from one to another", async () => {
    const name = freshName();
    const one = await join(name);
    await shared([one], [16]);
    const finish = Array.from({ length: 16 }, (_, key) => one.work.holdUp(key));
    const two = await join(name);
    await until(() => (one.work.losing.size === 8 ? "" : "nothing is given up"));
    expect(two.work.held.size).toBe(0);
    for (const end of finish) end();
    await shared([one, two], [8, 8]);
  });

  test("who ends in order leaves everything to the others at once", async () => {
    const name = freshName();
    const [one, two] = [await join(name), await join(name)];
    await shared([one, two], [8, 8]);
    const start = performance.now();
    await two.leave();
    await shared([one], [16]);
    expect(performance.now() - start).toBeLessThan(1_500);
    expect(one.fleet.processes.running()).toEqual([one.fleet.self]);
  });

  test("the keys of one who is killed are taken within 3 s", async () => {
    const name = freshName();
    const [one, two, three] = [await join(name), await join(name), await join(name)];
    await shared([one, two, three], [6, 5, 5]);
    const start = performance.now();
    await three.kill();
    await shared([one, two], [8, 8]);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test("who comes after all were killed waits until that is certain", async () => {
    const name = freshName();
    const one = await join(name);
    await shared([one], [16]);
    await one.kill();
    const two = await join(name);
    await shared([two], [16]);
    expect(two.work.calls(0)).toEqual(["gained"]);
  });
});
