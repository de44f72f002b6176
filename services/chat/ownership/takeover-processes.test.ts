import { expect, test, vi } from "vitest";
import { any, makeGroup } from "../testing/chat-fleet.ts";
import { expectOnce, progress, startSender } from "../testing/senders.ts";
import { startServers } from "../testing/servers.ts";

vi.setConfig({ testTimeout: 120_000 });

test.each(["SIGKILL", "SIGSTOP"] as const)("sends outlast an owner's %s: none is lost or doubled", async (signal) => {
  const servers = await startServers(["all", "all", "all"]);
  const [victim, ...others] = servers;
  if (!victim) throw new Error("nothing was started");
  // Each process makes conversations on shards of its own: some of the victim's are among them.
  const groups = await Promise.all([...servers, ...servers, ...servers].map(makeGroup));
  const senders = groups.map((group) => startSender(group, () => others));
  await progress(senders, 10);
  process.kill(victim.pid, signal);
  await progress(senders, 10);
  const stalledMs = Math.max(...senders.map((sender) => sender.longestMs()));
  expect(stalledMs).toBeLessThan(10_000);
  // The processes that were asked tried again themselves.
  expect(senders.map((sender) => sender.repeats())).toEqual(senders.map(() => 0));
  if (signal === "SIGSTOP") process.kill(victim.pid, "SIGCONT");
  await progress(senders, 10);
  await Promise.all(senders.map((sender) => sender.stop()));
  for (const [index, sender] of senders.entries()) await expectOnce(any(others), groups[index], sender);
});
