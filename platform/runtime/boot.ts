import { createClient, type Transport } from "@connectrpc/connect";
import type { Logger } from "pino";
import type { Authenticator } from "#platform/rpc/authenticator.ts";
import { createBudget, minuteMs } from "#platform/rpc/budgets.ts";
import { refuseCredentials } from "#platform/rpc/no-authenticator.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed, type Served } from "#platform/rpc/served.ts";
import { tracePeers } from "#platform/telemetry/traced-peers.ts";
import { traceTransport } from "#platform/telemetry/traced-transport.ts";
import type { Tracing } from "#platform/telemetry/tracing.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Engines } from "./engines.ts";
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

/** `elsewhere` reaches the services that do not run in this process; absent: there are none. */
export function makeBoot(
  config: Config,
  logger: Logger,
  engines: Engines,
  signal: AbortSignal,
  elsewhere?: Transport,
  tracing?: Tracing,
): Booted {
  const served = createServed();
  const inProcess = createPeerTransport(served);
  const here = tracing ? tracePeers(inProcess, tracing) : inProcess;
  const peers = elsewhere
    ? hereOrElsewhere(served, here, tracing ? traceTransport(elsewhere, tracing) : elsewhere)
    : here;
  let authenticator: Authenticator | undefined;
  const boot: Boot = {
    config,
    logger,
    signal,
    clock: systemClock,
    metrics: createProcessRegistry(),
    tracing,
    bus: engines.bus,
    callBudget: createBudget(config.limits.callsPerMinute, minuteMs),
    sealer: createSealer(engines.sealingKey),
    get store() {
      return engines.store;
    },
    get checkpoints() {
      return engines.checkpoints;
    },
    log: engines.log,
    fleet: engines.fleet,
    following: engines.following,
    incarnation: engines.incarnation,
    installationId: engines.installationId,
    ...(engines.snapshots ? { snapshots: engines.snapshots } : {}),
    serve: served.add,
    peer: (service) => createClient(service, peers),
    peerAt: (service, address) => createClient(service, at(address)),
    authenticateWith(given) {
      if (authenticator) throw new Error("credentials are verified by one module alone");
      authenticator = given;
    },
  };
  return { boot, served, authenticator: () => authenticator ?? refuseCredentials };
}

/** Decided at each call: modules take their clients before all of them have started. */
function hereOrElsewhere(served: Served, here: Transport, elsewhere: Transport): Transport {
  return {
    unary: (method, ...call) => (served.find(method) ? here : elsewhere).unary(method, ...call),
    stream: (method, ...call) => (served.find(method) ? here : elsewhere).stream(method, ...call),
  };
}
