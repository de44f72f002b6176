import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { onTestFinished } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { createPeerConnections } from "#platform/rpc/peers/connections.ts";
import { createRemoteTransport } from "#platform/rpc/peers/remote.ts";
import { engineUrl, freshName } from "#platform/testing/engines.ts";
import { startServerProcess } from "../../../ops/scenarios/server-process.ts";
import type { Called } from "./chat-fleet.ts";

/** A process of its own. */
export interface Server extends Called {
  readonly url: string;
  readonly pid: number;
}

/** Starts a process for each of the targets, one after the other: on one log, and their store is one file. */
export async function startServers(
  targets: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Server[]> {
  const dir = mkdtempSync(join(tmpdir(), "parley-servers-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const env = {
    PARLEY_LOG: `${await engineUrl("nats")}/${freshName()}?max_bytes=64MiB`,
    PARLEY_STORE: `sqlite:${join(dir, "store.db")}`,
    PARLEY_KEYS: join(dir, "keys"),
    PARLEY_SHARDS: "6",
    ...settings,
  };
  const servers: Server[] = [];
  for (const [index, target] of targets.entries()) {
    const own = { ...env, PARLEY_TARGETS: target };
    const { url, pid, stop } = await startServerProcess(join(dir, String(index)), own);
    onTestFinished(() => stop("SIGKILL"));
    const connections = createPeerConnections(url);
    onTestFinished(connections.close);
    const transport = createRemoteTransport(connections, readFileSync(join(dir, "keys", "peer.key")));
    servers.push({ url, pid, chat: createClient(ChatService, transport) });
  }
  return servers;
}
