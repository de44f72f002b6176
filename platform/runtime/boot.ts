import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import type { Logger } from "pino";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import type { Authenticator } from "#platform/rpc/authenticator.ts";
import { createBudget, minuteMs } from "#platform/rpc/budgets.ts";
import { refuseCredentials } from "#platform/rpc/no-authenticator.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed, type Served } from "#platform/rpc/served.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Engines } from "./engines.ts";
import { readOrMakeKey } from "./key-file.ts";
import type { Boot } from "./module.ts";
import { createProcessRegistry } from "./process-metrics.ts";
import { createSealer } from "./sealing.ts";

/** What modules get, and what they gave in return. */
export interface Booted {
  readonly boot: Boot;
  readonly served: Served;
  /** Who verifies credentials; until a module named one, everything but anonymous is refused. */
  authenticator(): Authenticator;
}

export function makeBoot(config: Config, logger: Logger, engines: Engines, signal: AbortSignal): Booted {
  const served = createServed();
  const peers = createPeerTransport(served);
  let authenticator: Authenticator | undefined;
  const boot: Boot = {
    config,
    logger,
    signal,
    clock: systemClock,
    metrics: createProcessRegistry(),
    bus: createMemoryBus(),
    callBudget: createBudget(config.limits.callsPerMinute, minuteMs),
    sealer: createSealer(readOrMakeKey(join(config.dataDir, "keys", "seal.key"), 32)),
    store: { kind: "sqlite", db: engines.store },
    log: engines.log,
    following: engines.following,
    incarnation: engines.incarnation,
    installationId: engines.installationId,
    snapshots: engines.snapshots,
    serve: served.add,
    peer: (service) => createClient(service, peers),
    authenticateWith(given) {
      if (authenticator) throw new Error("credentials are verified by one module alone");
      authenticator = given;
    },
  };
  return { boot, served, authenticator: () => authenticator ?? refuseCredentials };
}
