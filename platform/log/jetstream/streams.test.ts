import { expect, onTestFinished, test } from "vitest";
import type { NatsEngine } from "#platform/engines/nats.ts";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { openTestNats } from "#platform/testing/nats.ts";
import { bulkRecordOf } from "#platform/testing/records.ts";
import type { EventLog } from "../event-log.ts";
import { openJetStreamEventLog } from "../event-log-jetstream.ts";

async function open(engine: NatsEngine, shards = 1): Promise<EventLog> {
  const log = await openJetStreamEventLog({ engine, shards });
  onTestFinished(log.close);
  return log;
}

const stream = ({ jetstreamManager, name }: NatsEngine, shard = 0) =>
  jetstreamManager.streams.info(`${name}-log-${shard}`).then(({ config }) => config);

describeOnEngines("streams of the log", ["nats", "nats-cluster"], () => {
  test("nothing that was acknowledged goes by age, for room or by a deletion", async () => {
    const engine = await openTestNats(3);
    await open(engine);
    expect(await stream(engine)).toMatchObject({
      num_replicas: 3,
      storage: "file",
      retention: "limits",
      discard: "new",
      max_age: 0,
      max_msgs: -1,
      deny_delete: true,
      allow_direct: true,
    });
  });

  test("what an operator has changed to lose records is put right as the log is opened", async () => {
    const engine = await openTestNats(1);
    await open(engine);
    const { streams } = engine.jetstreamManager;
    await streams.update(`${engine.name}-log-0`, { max_age: 1e12, discard: "old", max_msgs: 7, description: "ours" });
    await open(engine);
    expect(await stream(engine)).toMatchObject({ max_age: 0, discard: "new", max_msgs: -1, description: "ours" });
  });

  test("another limit is taken over, and more shards get streams of their own, without losing a record", async () => {
    const engine = await openTestNats(1);
    const log = await open(engine, 2);
    await log.append(1, 0, bulkRecordOf(1, 2));
    const more = await open({ ...engine, maxBytes: 4 * 2 ** 20 }, 4);
    expect([await more.tail(1), await more.tail(3)]).toEqual([2, 0]);
    expect([(await stream(engine, 1)).max_bytes, (await stream(engine, 3)).max_bytes]).toEqual([2 ** 20, 2 ** 20]);
  });

  test("more copies than before are made, fewer are refused with a sentence", async () => {
    const engine = await openTestNats(3);
    const log = await open({ ...engine, replicas: 1 });
    await log.append(0, 0, bulkRecordOf(1, 2));
    expect(await (await open(engine)).tail(0)).toBe(2);
    expect((await stream(engine)).num_replicas).toBe(3);
    await expect(open({ ...engine, replicas: 1 })).rejects.toThrow("set replicas=3");
  });

  test("more copies than servers, and more room than they have, are refused with a sentence", async () => {
    const engine = await openTestNats(3);
    await expect(open({ ...engine, replicas: 5 })).rejects.toThrow("as many servers as replicas");
    await expect(open({ ...engine, maxBytes: 2 ** 50 })).rejects.toThrow("room for max_bytes");
  });

  test("a shard that is full refuses for good, tells so before, and takes records again once it is trimmed", async () => {
    for (const replicas of [1, 3] as const) {
      const engine = { ...(await openTestNats(replicas)), maxBytes: 100_000 };
      const log = await open(engine);
      expect(await log.fullness(0)).toBe(0);
      let tail = 0;
      const append = () => log.append(0, tail, bulkRecordOf(tail + 1, 1, 9_000));
      for (let result = await append(); result === "appended"; result = await append()) tail++;
      expect(await append()).toBe("full");
      expect([tail, await log.tail(0), (await log.read(0, 1)).length]).toEqual([10, 10, 10]);
      expect(await log.fullness(0)).toBeGreaterThan(0.9);
      await log.trim(0, 4);
      expect(await append()).toBe("appended");
      expect((await log.read(0, 1)).map(({ position }) => Number(position))).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
    }
  });
});
