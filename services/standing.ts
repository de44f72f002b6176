import type { DescMethod } from "@bufbuild/protobuf";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { LogService } from "#gen/parley/log/v1/log_pb.js";
import { PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import type { Fleet } from "#platform/fleet/fleet.ts";
import type { Process } from "#platform/fleet/processes.ts";
import { logService } from "#platform/log/log-service.ts";
import type { ForwardingOptions } from "#platform/rpc/forwarding/forwarding.ts";
import type { PeerConnections } from "#platform/rpc/peers/connections.ts";
import type { Served } from "#platform/rpc/served.ts";
import type { Elsewhere } from "#platform/runtime/boot.ts";
import type { Config } from "#platform/runtime/config.ts";
import { reachCore } from "#platform/runtime/core.ts";
import { takeDataLock } from "#platform/runtime/data-lock.ts";
import type { Endings } from "#platform/runtime/endings.ts";
import { type Engines, openEngines } from "#platform/runtime/engines.ts";
import { type FleetPeers, reachFleet } from "#platform/runtime/fleet-peers.ts";
import { ownerOf } from "#platform/runtime/owned-methods.ts";
import { peerService } from "#platform/runtime/peer-service.ts";
import { openRemoteEngines } from "#platform/runtime/remote-engines.ts";
import { readOwnPeerKey } from "#platform/runtime/shared-keys.ts";
import { openStorelessEngines } from "#platform/runtime/storeless-engines.ts";
import { moduleOf, needsStore, ownedMethods, servedElsewhere } from "./modules.ts";
import type { ServerParts } from "./server.ts";

/** What a process stands on: engines of its own or shared ones, or the process that has the data. */
export interface Standing {
  readonly engines: Engines;
  readonly peerKey: Uint8Array;
  /** Absent: everything runs in this process. */
  readonly others?: Others;
}

/** The other processes of the installation. */
export interface Others extends Elsewhere {
  /** Connections to a process that runs a method, best to the owner of what is named; undefined: none does now. */
  reach(method: DescMethod, name: string | undefined): PeerConnections | undefined;
  /** Why they can't be called now, one sentence a reason. */
  notReady(): string[];
}

/** A process that starts. */
export interface Starting {
  readonly config: Config;
  readonly self: Process;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly storeMigrations: ServerParts["storeMigrations"];
  /** Whether a module of the process looks at what is followed of the log. */
  readonly follows: boolean;
  /** Takes what is to be ended with the process. */
  readonly endings: Endings;
}

/** Finds what the settings say that this process stands on. */
export async function stand(starting: Starting): Promise<Standing> {
  const { peers, log } = starting.config;
  if (peers) return await standBeside(peers, starting);
  return log.kind === "sqlite" ? await standAlone(starting) : await standInFleet(starting);
}

/** On data that is this process's own. */
async function standAlone(starting: Starting): Promise<Standing> {
  const { config, endings } = starting;
  endings.push(takeDataLock(config.dataDir).release);
  const engines = await openEngines(starting);
  endings.push(engines.close);
  return { engines, peerKey: readOwnPeerKey(config) };
}

/** Beside the process that has the data. */
async function standBeside(url: string, { config, self, logger, endings }: Starting): Promise<Standing> {
  const core = await reachCore(url, config);
  endings.push(core.connections.close);
  const engines = await openRemoteEngines(core, logger, self);
  endings.push(engines.close);
  const { transport, connections, key } = core;
  const notReady = () => [connections.notReady()].filter((reason) => reason !== undefined);
  const others = { anywhere: transport, at: () => transport, reach: () => connections, notReady };
  return { engines, peerKey: key, others };
}

/** On engines that processes share. */
async function standInFleet(starting: Starting): Promise<Standing> {
  const { config, endings } = starting;
  if (needsStore(config) && config.store.kind === "sqlite") endings.push(takeDataLock(config.dataDir).release);
  const peerKey = readOwnPeerKey(config);
  let peers: FleetPeers | undefined;
  const reach = (fleet: Fleet): FleetPeers => {
    if (peers) return peers;
    peers = reachFleet({ fleet, key: peerKey, moduleOf, elsewhere: servedElsewhere(config) });
    endings.push(peers.close);
    return peers;
  };
  const engines = needsStore(config)
    ? await openEngines(starting)
    : await openStorelessEngines(starting, (fleet) => reach(fleet).anywhere);
  endings.push(engines.close);
  return { engines, peerKey, others: othersOf(reach(engines.fleet), engines) };
}

function othersOf({ anywhere, at, serving, notReady }: FleetPeers, { ephemeral, fleet }: Engines): Others {
  const isApart = () => ephemeral.kind === "memory" && fleet.processes.running().length > 1;
  return {
    anywhere,
    at,
    reach: (method, name) => serving(method.parent, ownerOf(ownedMethods.get(method), name, fleet.leases))?.connections,
    notReady: () => (isApart() ? [apart, ...notReady()] : notReady()),
  };
}

const apart = "there are several processes, and this one keeps presence and limits for itself: set PARLEY_EPHEMERAL";

/** Lets processes beside this one follow its log, hear its bus and know its keys, until it is `stopping`. */
export function servePeers(config: Config, served: Served, engines: Engines, stopping: AbortSignal): void {
  if (config.peers || !needsStore(config)) return;
  served.add(LogService, logService({ ...engines, stopping }));
  if (config.log.kind === "sqlite") served.add(PeerService, peerService(engines, stopping));
}

/** Whatever clients may call and this process does not run. */
export function forwardingOf(config: Config, { reach }: Others, key: Uint8Array): ForwardingOptions {
  return { services: servedElsewhere(config), reach, nameOf: (method) => ownedMethods.get(method)?.field, key };
}

/** Why a process can't serve now, beside what its modules say: one sentence a reason; empty: it can. */
export function notReadyOf({ engines, others }: Standing): string[] {
  const { following } = engines;
  const shards = Array.from({ length: following.shards }, (_, shard) => shard);
  const stopped = shards.find((shard) => following.stopped(shard));
  const reason = stopped === undefined ? [] : [`shard ${stopped} is stopped: ${following.stopped(stopped)}`];
  return [...engines.notReady(), ...(others?.notReady() ?? []), ...reason];
}
