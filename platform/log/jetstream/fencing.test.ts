import { expect, onTestFinished, test } from "vitest";
import { openNats } from "#platform/engines/nats.ts";
import { describeOnEngines, freshName } from "#platform/testing/engines.ts";
import { openHoldingNetwork } from "#platform/testing/holding-network.ts";
import { natsOptions, removedAfterwards } from "#platform/testing/nats.ts";
import { bulkRecordOf, ownerRecordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { AppendUnknown, type EventLog } from "../event-log.ts";
import { openJetStreamEventLog } from "../event-log-jetstream.ts";

describeOnEngines("a late append on JetStream", ["nats", "nats-cluster"], ({ nats, "nats-cluster": cluster }) => {
  const shapes = [
    ["one server", nats.url, 1],
    ["three servers", cluster.url, 3],
  ] as const;

  /** A log of whose only append nothing is known: it is held on its way to the server. */
  async function openWithHeldAppend(url: string, replicas: number) {
    const name = freshName();
    const [first = ""] = url.replace("nats://", "").split(",");
    const network = await openHoldingNetwork(first);
    const [engine, beside] = await Promise.all(
      [`nats://${network.address}`, url].map(async (way) => openNats(natsOptions(way, replicas, name))),
    );
    if (!engine || !beside) throw new Error("NATS did not open");
    removedAfterwards(beside);
    const log = await openJetStreamEventLog({ engine, shards: 1 });
    const other = await openJetStreamEventLog({ engine: beside, shards: 1 });
    onTestFinished(async () => {
      await Promise.all([log.close(), other.close()]);
      await engine.close();
    });
    expect(await log.tail(0)).toBe(0);
    network.hold();
    const held = log.append(0, 0, bulkRecordOf(1, 3)).catch((error) => error);
    await until(() => (network.holds("HPUB") ? "" : "nothing is held"));
    network.cut();
    expect(await held).toBeInstanceOf(AppendUnknown);
    await until(() => engine.notReady() ?? "");
    return { log, other, network };
  }

  const owners = async (log: EventLog) => (await log.read(0, 1)).map(({ owner }) => owner);

  test.for(shapes)(
    "%s: lands after the read, and is found on the way to an owner's record",
    async ([, url, replicas]) => {
      const { log, other, network } = await openWithHeldAppend(url, replicas);
      expect([await log.read(0, 1), await log.tail(0)]).toEqual([[], 0]);
      await network.land('"seq":1');
      expect(await log.append(0, 0, ownerRecordOf(1, 1))).toBe("wrong-tail");
      expect(await owners(log)).toEqual([""]);
      expect(await log.append(0, 3, ownerRecordOf(4, 1))).toBe("appended");
      expect(await owners(other)).toEqual(["", "another process"]);
    },
  );

  test.for(shapes)("%s: is refused once an owner's record stands before it", async ([, url, replicas]) => {
    const { log, other, network } = await openWithHeldAppend(url, replicas);
    expect(await other.append(0, 0, ownerRecordOf(1, 1))).toBe("appended");
    await network.land('"err_code":10071');
    expect(await owners(log)).toEqual(["another process"]);
    expect(await log.append(0, 0, bulkRecordOf(1, 3))).toBe("wrong-tail");
    expect(await log.append(0, 1, bulkRecordOf(2, 3))).toBe("appended");
  });
});
