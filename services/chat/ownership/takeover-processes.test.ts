import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { expect, onTestFinished, test, vi } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { createPeerConnections } from "#platform/rpc/peers/connections.ts";
import { createRemoteTransport } from "#platform/rpc/peers/remote.ts";
import { engineUrl, freshName } from "#platform/testing/engines.ts";
import { startServerProcess } from "../../../ops/scenarios/server-process.ts";
import { any, type Called, makeGroup } from "../testing/chat-fleet.ts";
import { expectOnce, progress, startSender } from "../testing/senders.ts";

vi.setConfig({ testTimeout: 120_000 });

interface Server extends Called {
  readonly pid: number;
}

/** Whole servers on one log; their store is one file. */
async function startServers(count: number): Promise<Server[]> {
  const dir = mkdtempSync(join(tmpdir(), "parley-servers-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const env = {
    PARLEY_LOG: `${await engineUrl("nats")}/${freshName()}?max_bytes=64MiB`,
    PARLEY_STORE: `sqlite:${join(dir, "store.db")}`,
    PARLEY_KEYS: join(dir, "keys"),
    PARLEY_SHARDS: "6",
  };
  const servers: Server[] = [];
  for (let started = 0; started < count; started++) {
    const { url, pid, stop } = await startServerProcess(join(dir, String(started)), env);
    onTestFinished(() => stop("SIGKILL"));
    const connections = createPeerConnections(url);
    onTestFinished(connections.close);
    const transport = createRemoteTransport(connections, readFileSync(join(dir, "keys", "peer.key")));
    servers.push({ pid, chat: createClient(ChatService, transport) });
  }
  return servers;
}

test.each(["SIGKILL", "SIGSTOP"] as const)("sends outlast an owner's %s: none is lost or doubled", async (signal) => {
  const servers = await startServers(3);
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
