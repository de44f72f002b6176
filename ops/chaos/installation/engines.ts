import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Endings } from "#platform/runtime/endings.ts";
import type { Engine, EngineAddress, EngineName, StartOptions } from "../../engines/engine.ts";
import { reapLater } from "../../engines/reaping.ts";
import { startEngine } from "../../engines/start-engine.ts";
import { type Disk, mountDisk } from "./disks.ts";
import { type Network, openNetwork } from "./network.ts";

/** Engines that may be hurt, as far as this machine lets them be. */
export interface OwnEngines {
  readonly nats: Engine;
  readonly cql: Engine;
  readonly redis: Engine;
  /** Undefined where no namespaces can be made. */
  readonly network: Network | undefined;
  /** A disk for each node of each engine; undefined where nothing can be mounted. */
  readonly disks: ((name: "nats" | "cql" | "redis", node: number) => Disk) | undefined;
}

/** What servers and checkers have to know of engines. */
export interface EngineAddresses {
  readonly nats: EngineAddress;
  readonly cql: EngineAddress;
  readonly redis: EngineAddress;
}

const natsServers = 3;
const megabytes = { nats: 500, cql: 1_200, redis: 32 } as const;

export async function startEngines(endings: Endings): Promise<OwnEngines> {
  const folder = mkdtempSync(join(tmpdir(), "parley-chaos-disks-"));
  const strikeOff = reapLater({ folder });
  endings.push(() => {
    rmSync(folder, { recursive: true, force: true });
    strikeOff();
  });
  const network = ifPossible(() => openNetwork(natsServers, endings));
  const disks = ifPossible(() => ({
    nats: Array.from({ length: natsServers }, (_, n) =>
      mountDisk(join(folder, "nats", `nats-${n + 1}`), megabytes.nats, endings),
    ),
    cql: [mountDisk(join(folder, "cql"), megabytes.cql, endings)],
    redis: [mountDisk(join(folder, "redis"), megabytes.redis, endings)],
  }));
  const start = async (name: EngineName, options: StartOptions): Promise<Engine> => {
    const engine = await startEngine(name, { ...options, syncAlways: true });
    endings.push(engine.stop);
    return engine;
  };
  const [nats, cql, redis] = await Promise.all([
    start("nats-cluster", {
      folder: join(folder, "nats"),
      ...(network ? { wrapper: network.wrapper, host: network.host } : {}),
    }),
    start("cql", { folder: join(folder, "cql") }),
    start("redis", { folder: join(folder, "redis") }),
  ]);
  const diskOf = (name: "nats" | "cql" | "redis", node: number): Disk => {
    const disk = disks?.[name][node];
    if (!disk) throw new RangeError(`${name} has no disk ${node}`);
    return disk;
  };
  return { nats, cql, redis, network, disks: disks && diskOf };
}

function ifPossible<Made>(make: () => Made): Made | undefined {
  try {
    return make();
  } catch (error) {
    console.error(`Faults that need it are left out: ${error instanceof Error ? error.message.trim() : error}`);
    return undefined;
  }
}

/** For faults that need them: they are not struck where there are none. */
export function ownEngines({ engines }: { readonly engines: OwnEngines | undefined }): OwnEngines {
  if (!engines) throw new Error("the engines are others' too");
  return engines;
}
