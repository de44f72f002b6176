import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { hostname } from "node:os";
import type { Process } from "#platform/fleet/processes.ts";
import { createPeerConnections } from "#platform/rpc/peers/connections.ts";
import type { Config } from "#platform/runtime/config.ts";
import { eventually } from "#platform/runtime/eventually.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { StartError } from "#platform/runtime/start-error.ts";

/** This process, as others know it. */
export function selfOf(config: Config, modules: readonly ModuleDefinition[]): Process {
  return {
    id: uuidv7(),
    address: config.advertise ?? addressOf(config),
    modules: modules.map(({ name }) => name),
    shards: config.shards,
  };
}

function addressOf({ listen, peerListen, tls }: Config): string {
  const { host, port } = peerListen ?? listen;
  const isAny = host === "0.0.0.0" || host === "::";
  const name = isAny ? hostname() : host;
  return `${tls && !peerListen ? "https" : "http"}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** How long the way to this process itself may take to open. */
const reachMs = 5_000;

/** Throws StartError where the address that others are told does not lead here: they would fail to call this process. */
export async function reachSelf({ advertise }: Pick<Config, "advertise">): Promise<void> {
  if (!advertise) return;
  const connections = createPeerConnections(advertise);
  const reached = await eventually(async () => connections.notReady() === undefined || undefined, reachMs);
  connections.close();
  if (reached) return;
  throw new StartError(
    `This process can't be reached at ${advertise}: set PARLEY_ADVERTISE to an address that leads here.`,
  );
}

/** Settings with ports in the place of "any": others are told of them before this process listens. */
export async function withPorts(config: Config): Promise<Config> {
  const { listen, peerListen, log } = config;
  if (log.kind === "sqlite") return config;
  return {
    ...config,
    listen: await fixed(listen),
    ...(peerListen ? { peerListen: await fixed(peerListen) } : {}),
  };
}

const lowestPort = 10_240;
const lowestOutgoingPort = 32_768;
const maxTries = 100;

async function fixed<Listen extends Config["listen"]>(listen: Listen): Promise<Listen> {
  return listen.port === 0 ? { ...listen, port: await freePort(listen.host) } : listen;
}

/**
 * Below the ports that systems take for outgoing connections, one of which could be there once the process listens. One
 * that is refused for another reason than being taken is told as the port that listens tells it.
 */
async function freePort(host: string): Promise<number> {
  for (let tries = 1; ; tries++) {
    const port = randomInt(lowestPort, lowestOutgoingPort);
    if (tries === maxTries || (await isFree(host, port))) return port;
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "EADDRINUSE"));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
