import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "@connectrpc/connect";
import { onTestFinished } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import type { Process } from "#platform/fleet/processes.ts";
import { callAs, type Identity } from "#platform/rpc/identity.ts";
import { createPeerConnections } from "#platform/rpc/peers/connections.ts";
import { createRemoteTransport } from "#platform/rpc/peers/remote.ts";
import { readConfig } from "#platform/runtime/config.ts";
import { conversationId, deviceId, sessionId, shardOf, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { engineUrl, freshName } from "#platform/testing/engines.ts";
import { until } from "#platform/testing/until.ts";
import { storeMigrations } from "../../modules.ts";
import { type RunningServer, startServer } from "../../server.ts";
import { userModule } from "../../user/module.ts";
import { chatModule } from "../module.ts";
import { projectorModule } from "../projector-module.ts";
import { sequencerGroup } from "../sequencer/sequencer.ts";
import { openWay, type Way } from "./way.ts";

/** Several chat processes of one installation, in this process: on NATS, each by a way of its own; their store is one file. */
export interface ChatFleet {
  readonly processes: readonly ChatProcess[];
  start(): Promise<ChatProcess>;
  /** A group of a new user, who may call any process; made by any, or by the one given. */
  makeGroup(by?: ChatProcess): Promise<Group>;
  /** Which of the processes holds the shard of a conversation. */
  holderOf(conversationId: string): ChatProcess;
  /** Waits until the processes share the shards equally, and agree on it. */
  settled(among?: readonly ChatProcess[], withinMs?: number): Promise<void>;
}

/** A process, as another one of the installation calls it. */
export interface Called {
  readonly chat: Client<typeof ChatService>;
}

export interface ChatProcess extends Called {
  readonly self: Process;
  readonly server: RunningServer;
  readonly way: Way;
  /** It is gone for NATS and for who calls it, without a word. */
  kill(): Promise<void>;
}

export interface Group {
  readonly conversationId: string;
  readonly as: Identity;
}

export const shards = 4;

export async function startChatFleet(count: number, natsUrl?: string): Promise<ChatFleet> {
  const dir = mkdtempSync(join(tmpdir(), "parley-fleet-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const url = natsUrl ?? (await engineUrl("nats"));
  const name = freshName();
  const processes: ChatProcess[] = [];
  const fleet: ChatFleet = {
    processes,
    async start() {
      const way = await openWay(new URL(url).host);
      const process = await startProcess(
        join(dir, String(processes.length)),
        dir,
        `nats://${way.address}/${name}`,
        way,
      );
      processes.push(process);
      return process;
    },
    makeGroup: (by = any(processes)) => makeGroup(by),
    holderOf: (id) => holderOf(processes, id),
    settled: (among = processes, withinMs) => until(() => whyNotSettled(among), withinMs),
  };
  for (let started = 0; started < count; started++) await fleet.start();
  await fleet.settled();
  return fleet;
}

async function startProcess(dataDir: string, shared: string, log: string, way: Way): Promise<ChatProcess> {
  const config = readConfig({
    PARLEY_DATA: dataDir,
    PARLEY_STORE: `sqlite:${join(shared, "store.db")}`,
    PARLEY_KEYS: join(shared, "keys"),
    PARLEY_LOG: `${log}?max_bytes=64MiB`,
    PARLEY_SHARDS: String(shards),
    PARLEY_LISTEN: "127.0.0.1:0",
    PARLEY_LOG_LEVEL: "silent",
  });
  const server = await startServer(config, { modules: [userModule, projectorModule, chatModule], storeMigrations });
  onTestFinished(server.stop);
  const connections = createPeerConnections(server.url);
  onTestFinished(connections.close);
  const key = readFileSync(config.peerKeyFile);
  const chat = createClient(ChatService, createRemoteTransport(connections, key));
  const kill = async () => {
    await way.cut();
    connections.close();
  };
  return { self: server.boot.fleet.self, server, way, chat, kill };
}

/** A group of a new user. */
export async function makeGroup({ chat }: Called): Promise<Group> {
  const [user, device, session] = [userId(uuidv7()), deviceId(crypto.randomUUID()), sessionId(crypto.randomUUID())];
  const as: Identity = { kind: "user", userId: user, deviceId: device, sessionId: session };
  const request = { clientId: uuidv7(), kind: ConversationKind.GROUP, name: "group" };
  const { conversation } = await chat.createConversation(request, callAs(as));
  return { conversationId: conversation?.conversationId ?? "", as };
}

export function any<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error("there is none");
  return item;
}

function holderOf(processes: readonly ChatProcess[], id: string): ChatProcess {
  const shard = shardOf(conversationId(id));
  const holders = new Set(processes.map(({ server }) => server.boot.fleet.leases.holderOf(sequencerGroup, shard)?.id));
  const holder = processes.find(({ self }) => holders.has(self.id));
  if (!holder) throw new Error(`nobody holds shard ${shard}`);
  return holder;
}

function whyNotSettled(among: readonly ChatProcess[]): string {
  const counts = new Map(among.map(({ self }) => [self.id, 0]));
  for (let shard = 0; shard < shards; shard++) {
    const holders = new Set(among.map(({ server }) => server.boot.fleet.leases.holderOf(sequencerGroup, shard)?.id));
    const [holder = ""] = holders;
    const count = counts.get(holder);
    if (holders.size !== 1 || count === undefined) return `shard ${shard} is not settled`;
    counts.set(holder, count + 1);
  }
  if (Math.max(...counts.values()) - Math.min(...counts.values()) > 1) return "the shares are not equal";
  const isKnown = ({ server }: ChatProcess) => server.boot.fleet.processes.serving("chat").length >= among.length;
  return among.every(isKnown) ? "" : "not all are announced";
}
