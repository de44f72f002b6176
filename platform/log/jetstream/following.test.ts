import { expect, onTestFinished, test } from "vitest";
import type { PackedRecord } from "#gen/parley/log/v1/record_pb.js";
import { openNats } from "#platform/engines/nats.ts";
import { describeOnEngines, freshName } from "#platform/testing/engines.ts";
import { openHoldingNetwork } from "#platform/testing/holding-network.ts";
import { natsOptions, openTestNats } from "#platform/testing/nats.ts";
import { bulkRecordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { lastPosition } from "../event-log.ts";
import { openJetStreamEventLog } from "../event-log-jetstream.ts";
import { openFollowing } from "../following-log.ts";

describeOnEngines("following a log on JetStream", ["nats", "nats-cluster"], ({ nats }) => {
  /** The log as two processes see it. */
  async function openBoth(replicas: 1 | 3) {
    const name = freshName();
    const engines = [await openTestNats(replicas, name), await openTestNats(replicas, name)] as const;
    const [log, other] = [
      await openJetStreamEventLog({ engine: engines[0], shards: 1 }),
      await openJetStreamEventLog({ engine: engines[1], shards: 1 }),
    ];
    onTestFinished(async () => void (await Promise.all([log.close(), other.close()])));
    return { engines, log, other };
  }

  function follow(log: Awaited<ReturnType<typeof openBoth>>["log"], position = 1) {
    const seen: { records: PackedRecord[]; tails: number[] } = { records: [], tails: [] };
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    const follower = {
      onRecord: (record: PackedRecord) => void seen.records.push(record),
      onTail: (tail: number) => void seen.tails.push(tail),
    };
    log.follow(0, position, follower, ending.signal);
    return { ...seen, end: () => ending.abort() };
  }

  test.for([1, 3] as const)(
    "another process sees each record once, in order, and hears the tail: %i copies",
    async (replicas) => {
      const { log, other } = await openBoth(replicas);
      await log.append(0, 0, bulkRecordOf(1, 2));
      const seen = follow(other);
      for (let tail = 2; tail < 200; tail += 2) await log.append(0, tail, bulkRecordOf(tail + 1, 2, 100));
      await until(() => (seen.records.length >= 100 ? "" : `${seen.records.length} shown`));
      expect(seen.records.map(lastPosition)).toEqual(Array.from({ length: 100 }, (_, index) => 2 * index + 2));
      await until(() => (seen.tails.at(-1) === 200 ? "" : `told ${seen.tails}`));
    },
  );

  test("however many follow, a process subscribes once, and not at all when nobody follows any more", async () => {
    const { engines, log } = await openBoth(1);
    const subscribed = async (kind: string) => {
      const subject = `${engines[0].name}.${kind}.0`;
      const response = await fetch(`${nats.monitors[0]}/subsz?subs=1&test=${subject}`);
      const { subscriptions_list: list = [] } = (await response.json()) as {
        subscriptions_list?: { subject: string }[];
      };
      return list.filter((one) => one.subject === subject).length;
    };
    const both = [follow(log), follow(log), follow(log)];
    await log.append(0, 0, bulkRecordOf(1, 1));
    await until(() => (both.every(({ records }) => records.length === 1) ? "" : "not shown"));
    expect([await subscribed("live"), await subscribed("tick")]).toEqual([1, 1]);
    for (const { end } of both) end();
    await engines[0].connection.flush();
    expect([await subscribed("live"), await subscribed("tick")]).toEqual([0, 0]);
  });

  test("only who appended last tells the tail", async () => {
    const { log, other } = await openBoth(1);
    const seen = follow(log);
    const beside = follow(other);
    await log.append(0, 0, bulkRecordOf(1, 1));
    await until(() => (seen.tails.includes(1) && beside.records.length === 1 ? "" : "not told"));
    await other.append(0, 1, bulkRecordOf(2, 1));
    await until(() => (seen.tails.includes(2) ? "" : "not told"));
    const told = seen.tails.length;
    await until(() => (seen.tails.length >= told + 2 ? "" : "not told again"));
    expect(seen.tails.slice(told)).not.toContain(1);
  });

  test("where no live record arrives at all, what was appended is followed within 5 s", async () => {
    const { engines, log, other } = await openBoth(1);
    const { name, jetstreamManager } = engines[1];
    const { logger } = natsOptions(nats.url);
    const following = await openFollowing({ log: other, shards: 1, logger, watermark: async () => 0 });
    onTestFinished(() => following.close());
    const elsewhere = { src: `${name}.log.0`, dest: `${name}.elsewhere` };
    await jetstreamManager.streams.update(`${name}-log-0`, { republish: elsewhere });
    for (let tail = 0; tail < 10; tail++) await log.append(0, tail, bulkRecordOf(tail + 1, 1));
    expect(await following.reached(0, 10, 5_000)).toBe(true);
    expect(following.stopped(0)).toBe(undefined);
  });

  test("a live record that is lost before any other came is read, too", async () => {
    const { engines, log, other } = await openBoth(1);
    const { logger } = natsOptions(nats.url);
    const following = await openFollowing({ log: other, shards: 1, logger, watermark: async () => 0 });
    onTestFinished(() => following.close());
    const { streams } = engines[1].jetstreamManager;
    const { config } = await streams.info(`${engines[0].name}-log-0`);
    const elsewhere = { src: `${engines[0].name}.log.0`, dest: `${engines[0].name}.elsewhere` };
    await streams.update(config.name, { republish: elsewhere });
    await log.append(0, 0, bulkRecordOf(1, 1));
    await streams.update(config.name, config);
    await log.append(0, 1, bulkRecordOf(2, 1));
    expect([await following.reached(0, 2, 5_000), following.stopped(0)]).toEqual([true, undefined]);
  });

  test("a log that is lost while it is followed stops its shard, though no connection was", async () => {
    const { engines, log, other } = await openBoth(1);
    const { logger } = natsOptions(nats.url);
    const following = await openFollowing({ log: other, shards: 1, logger, watermark: async () => 0 });
    onTestFinished(() => following.close());
    await log.append(0, 0, bulkRecordOf(1, 3));
    expect(await following.reached(0, 3, 5_000)).toBe(true);
    await engines[0].jetstreamManager.streams.delete(`${engines[0].name}-log-0`);
    const anew = await openJetStreamEventLog({ engine: engines[0], shards: 1 });
    onTestFinished(anew.close);
    for (const tail of [0, 1]) await anew.append(0, tail, bulkRecordOf(tail + 1, 1));
    await anew.close();
    expect(await log.append(0, 3, bulkRecordOf(4, 1))).toBe("wrong-tail");
    await until(() => ((following.stopped(0) ?? "") ? "" : "it is not stopped"), 15_000);
    expect(following.stopped(0)).toContain("the log ends at 2");
  });

  test("what was appended while the connection was lost shows in the tail once there is one again", async () => {
    const { engines, log } = await openBoth(1);
    const network = await openHoldingNetwork(nats.url.replace("nats://", ""));
    const cutOff = await openNats(natsOptions(`nats://${network.address}`, 1, engines[0].name));
    const other = await openJetStreamEventLog({ engine: cutOff, shards: 1 });
    onTestFinished(async () => {
      await other.close();
      await cutOff.close();
    });
    const seen = follow(other);
    await log.append(0, 0, bulkRecordOf(1, 1));
    await until(() => (seen.records.length === 1 ? "" : "not shown"));
    network.cut();
    expect(await log.append(0, 1, bulkRecordOf(2, 1))).toBe("appended");
    await log.close();
    await until(() => (seen.tails.includes(2) ? "" : `told ${seen.tails}`));
    expect((await other.read(0, 2)).map(lastPosition)).toEqual([2]);
  });
});
