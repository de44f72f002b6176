import { expect, onTestFinished, test, vi } from "vitest";
import type { Fleet } from "#platform/fleet/fleet.ts";
import { conversationId, shardOf } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { startEngine } from "../../../ops/engines/start-engine.ts";
import { sequencerGroup } from "../sequencer/sequencer.ts";
import { any, type ChatFleet, type ChatProcess, type Group, shards, startChatFleet } from "../testing/chat-fleet.ts";
import { expectOnce, progress, type Sender, startSender } from "../testing/senders.ts";

vi.setConfig({ testTimeout: 90_000 });

/** While somebody sends into a conversation of each shard, `fault` happens; then all of it is looked at. */
async function sendThrough(fleet: ChatFleet, fault: (living: ChatProcess[]) => Promise<void>): Promise<Sender[]> {
  const living = [...fleet.processes];
  const groups = await groupOfEachShard(fleet);
  const senders = groups.map((group) => startSender(group, () => living));
  await progress(senders, 10);
  await fault(living);
  await progress(senders, 10);
  await Promise.all(senders.map((sender) => sender.stop()));
  for (const [index, sender] of senders.entries()) await expectOnce(any(living), groups[index], sender);
  for (const process of living) await projected(process);
  return senders;
}

async function groupOfEachShard(fleet: ChatFleet): Promise<Group[]> {
  const groups = new Map<number, Group>();
  while (groups.size < shards) {
    const group = await fleet.makeGroup();
    groups.set(shardOf(conversationId(group.conversationId)), group);
  }
  return [...groups.values()];
}

/** Whoever projects a shard, all come to know that the store holds it. */
const projected = ({ server }: ChatProcess) =>
  until(() => {
    const { following } = server.boot;
    const behind = [...Array(shards).keys()].filter((shard) => following.behind(shard).entries > 0);
    return behind.length === 0 ? "" : `the store is behind in ${behind}`;
  });

const heldBy = ({ self, leases }: Fleet, count: number) =>
  [...Array(count).keys()].filter((shard) => leases.holderOf(sequencerGroup, shard)?.id === self.id).length;

const longest = (senders: readonly Sender[]) => Math.max(...senders.map((sender) => sender.longestMs()));

test("a process that is gone loses its shards to the others within 3 s; nothing is lost or doubled", async () => {
  const fleet = await startChatFleet(3);
  const senders = await sendThrough(fleet, async (living) => {
    const [dead] = living.splice(0, 1);
    await dead?.kill();
    await fleet.settled(living, 3_000);
  });
  expect(longest(senders)).toBeLessThan(10_000);
});

test("a process that can't reach NATS for a while is fenced when it is back, and gets its share again", async () => {
  const fleet = await startChatFleet(3);
  await sendThrough(fleet, async (living) => {
    const [slow] = living.splice(0, 1);
    slow?.way.hold();
    await fleet.settled(living, 3_000);
    slow?.way.letGo();
    if (slow) living.push(slow);
    await fleet.settled(living);
  });
});

test("a process that ends in order hands its shards over, and none of those who send has to try again", async () => {
  const fleet = await startChatFleet(2);
  const senders = await sendThrough(fleet, async (living) => {
    const [leaving] = living.splice(0, 1);
    await leaving?.server.stop();
    await fleet.settled(living, 3_000);
  });
  expect(longest(senders)).toBeLessThan(5_000);
  expect(senders.map((sender) => sender.repeats())).toEqual(senders.map(() => 0));
});

test("a process that joins gets its share while people send", async () => {
  const fleet = await startChatFleet(1);
  await sendThrough(fleet, async (living) => {
    living.push(await fleet.start());
    await fleet.settled(living);
    const held = living.map(({ server }) => heldBy(server.boot.fleet, shards));
    expect(held).toEqual([shards / 2, shards / 2]);
  });
});

test("while NATS is away owners stay, and go on once it is back", async () => {
  const engine = await startEngine("nats");
  onTestFinished(engine.stop);
  const [nats] = engine.nodes;
  const fleet = await startChatFleet(2, engine.url);
  const holders = () => fleet.processes.map(({ server }) => heldBy(server.boot.fleet, shards));
  const before = holders();
  await sendThrough(fleet, async () => {
    await nats?.kill();
    const end = performance.now() + 4_000;
    await until(() => (performance.now() > end ? "" : "not away for long"));
    await nats?.restart();
  });
  expect(holders()).toEqual(before);
});
