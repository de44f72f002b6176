import type { Logger } from "pino";
import { LogService } from "#gen/parley/log/v1/log_pb.js";
import { PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import { logService } from "#platform/log/log-service.ts";
import type { ForwardingOptions } from "#platform/rpc/forwarding/forwarding.ts";
import { peerKeyBytes } from "#platform/rpc/peers/peer-key.ts";
import type { Served } from "#platform/rpc/served.ts";
import type { Config } from "#platform/runtime/config.ts";
import { type Core, reachCore } from "#platform/runtime/core.ts";
import { takeDataLock } from "#platform/runtime/data-lock.ts";
import type { Endings } from "#platform/runtime/endings.ts";
import { type Engines, openEngines } from "#platform/runtime/engines.ts";
import { readOrMakeKey } from "#platform/runtime/key-file.ts";
import { peerService } from "#platform/runtime/peer-service.ts";
import { openRemoteEngines } from "#platform/runtime/remote-engines.ts";
import { publicServices } from "./modules.ts";
import type { ServerParts } from "./server.ts";

/** What a process stands on: data of its own, or the process that has it. */
export interface Standing {
  readonly engines: Engines;
  readonly peerKey: Uint8Array;
  /** Absent: everything runs in this process. */
  readonly core?: Core;
}

/** Opens the data that is this process's own. */
export async function standAlone(
  config: Config,
  logger: Logger,
  { storeMigrations }: Pick<ServerParts, "storeMigrations">,
  endings: Endings,
): Promise<Standing> {
  const lock = takeDataLock(config.dataDir);
  endings.push(lock.release);
  const engines = await openEngines(config, logger, storeMigrations);
  endings.push(engines.close);
  return { engines, peerKey: readOrMakeKey(config.peerKeyFile, peerKeyBytes) };
}

/** Finds the process that has the data. */
export async function standBeside(url: string, config: Config, logger: Logger, endings: Endings): Promise<Standing> {
  const core = await reachCore(url, config);
  endings.push(core.connections.close);
  const engines = await openRemoteEngines(core, logger);
  endings.push(engines.close);
  return { engines, peerKey: core.key, core };
}

/** Lets processes beside this one follow its log, hear its bus and know its keys, until it is `stopping`. */
export function servePeers(served: Served, engines: Engines, stopping: AbortSignal): void {
  served.add(LogService, logService({ ...engines, stopping }));
  served.add(PeerService, peerService(engines, stopping));
}

/** Whatever clients may call and this process does not run. */
export function forwardingOf({ connections, key }: Core, served: Served): ForwardingOptions {
  return { services: publicServices.filter((service) => !served.services.includes(service)), connections, key };
}

/** Why a process beside the core can't serve now, one sentence a reason; empty: it can. */
export function notReadyOf({ connections }: Core, { following }: Pick<Engines, "following">): string[] {
  const shards = Array.from({ length: following.shards }, (_, shard) => shard);
  const stopped = shards.find((shard) => following.stopped(shard));
  return [
    connections.notReady(),
    stopped === undefined ? undefined : `shard ${stopped} is stopped: ${following.stopped(stopped)}`,
  ].filter((reason) => reason !== undefined);
}
