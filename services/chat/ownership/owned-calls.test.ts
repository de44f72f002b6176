import { expect, test, vi } from "vitest";
import { callAs } from "#platform/rpc/identity.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { until } from "#platform/testing/until.ts";
import { type Called, type Group, makeGroup } from "../testing/chat-fleet.ts";
import { expectOnce, progress, startSender } from "../testing/senders.ts";
import { type Server, startServers } from "../testing/servers.ts";

vi.setConfig({ testTimeout: 120_000 });

/** How many sends processes have answered, those included that another one of them passed on. */
async function sendsAnswered(servers: readonly Server[]): Promise<number> {
  const answered = /^parley_rpc_ended_total\{method="parley.chat.v1.ChatService\/SendMessage",code="ok"\} (\d+)$/m;
  const pages = await Promise.all(servers.map(async ({ url }) => await (await fetch(`${url}/metrics`)).text()));
  return pages.reduce((sum, page) => sum + Number(answered.exec(page)?.[1] ?? 0), 0);
}

async function sendToEach(groups: readonly Group[], { chat }: Called): Promise<void> {
  for (const { conversationId, as } of groups) {
    await chat.sendMessage({ clientId: uuidv7(), conversationId, content: { text: "hello" } }, callAs(as));
  }
}

describeOnEngines("a gateway before two chat processes", ["nats", "redis"], ({ redis }) => {
  test("passes sends to the owner at once, and they outlast that one's end", async () => {
    const settings = { PARLEY_EPHEMERAL: redis.url };
    const [victim, other, gateway] = await startServers(["all", "all", "gateway"], settings);
    if (!victim || !other || !gateway) throw new Error("not all were started");
    // Each process makes conversations on shards of its own. Calling both in turn would miss the owner.
    const groups = await Promise.all([victim, victim, victim, other, other, other].map(makeGroup));
    const rounds = 5;
    await until(async () => {
      const before = await sendsAnswered([victim, other]);
      for (let round = 0; round < rounds; round++) await sendToEach(groups, gateway);
      const calls = (await sendsAnswered([victim, other])) - before;
      return calls === rounds * groups.length ? "" : `${rounds * groups.length} sends took ${calls} calls`;
    });
    const fresh = await Promise.all([victim, other, victim, other].map(makeGroup));
    const senders = fresh.map((group) => startSender(group, () => [gateway]));
    await progress(senders, 10);
    process.kill(victim.pid, "SIGKILL");
    await progress(senders, 10);
    await Promise.all(senders.map((sender) => sender.stop()));
    expect(senders.map((sender) => sender.repeats())).toEqual(senders.map(() => 0));
    expect(Math.max(...senders.map((sender) => sender.longestMs()))).toBeLessThan(10_000);
    for (const [index, sender] of senders.entries()) await expectOnce(other, fresh[index], sender);
  });
});
