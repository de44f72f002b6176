import { createClient, type Transport } from "@connectrpc/connect";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { measureLeases } from "#platform/fleet/lease-metrics.ts";
import { measureFollowing } from "#platform/log/following-metrics.ts";
import type { Authenticator } from "#platform/rpc/authenticator.ts";
import { minuteMs } from "#platform/rpc/budgets.ts";
import { refuseCredentials } from "#platform/rpc/no-authenticator.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed, type Served } from "#platform/rpc/served.ts";
import { traceStore } from "#platform/telemetry/database-spans.ts";
import { traceRedis } from "#platform/telemetry/redis-spans.ts";
import { tracePeers } from "#platform/telemetry/traced-peers.ts";
import { traceTransport } from "#platform/telemetry/traced-transport.ts";
import type { Tracing } from "#platform/telemetry/tracing.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Engines } from "./engines.ts";
import type { Boot } from "./module.ts";
import { createSealer } from "./sealing.ts";

/** What modules get, and what they gave in return. */
export interface Booted {
  readonly boot: Boot;
  readonly served: Served;
  /** Who verifies credentials; until a module named one, everything but anonymous is refused. */
  authenticator(): Authenticator;
}

/** How other processes of the installation are reached. */
export interface Elsewhere {
  /** The services that do not run here, wherever they do. */
  readonly anywhere: Transport;
  /** One process alone. */
  at(address: string): Transport;
}

/** What a process is started with. */
export interface Given {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly engines: Engines;
  /** Aborts when the server begins to stop. */
  readonly signal: AbortSignal;
  /** Absent: there is no other process. */
  readonly elsewhere: Elsewhere | undefined;
  /** Absent: nothing is traced. */
  readonly tracing: Tracing | undefined;
}

export function makeBoot({ config, logger, metrics, engines, signal, elsewhere, tracing }: Given): Booted {
  const served = createServed();
  const inProcess = createPeerTransport(served);
  const here = tracing ? tracePeers(inProcess, tracing) : inProcess;
  const traced = (transport: Transport) => (tracing ? traceTransport(transport, tracing) : transport);
  const peers = elsewhere ? hereOrElsewhere(served, here, traced(elsewhere.anywhere)) : here;
  const at = (address: string) =>
    elsewhere && address !== engines.fleet.self.address ? traced(elsewhere.at(address)) : here;
  const { budgets } = engines;
  if (tracing && engines.ephemeral.kind === "redis") traceRedis(engines.ephemeral.redis.client, tracing);
  let authenticator: Authenticator | undefined;
  signal.addEventListener("abort", measureFollowing(engines.following, metrics, systemClock), { once: true });
  const boot: Boot = {
    config,
    logger,
    signal,
    clock: systemClock,
    metrics,
    tracing,
    bus: engines.bus,
    callBudget: budgets.create("calls", config.limits.callsPerMinute, minuteMs),
    budgets,
    sealer: createSealer(engines.sealingKey),
    get store() {
      return tracing ? traceStore(engines.store, tracing) : engines.store;
    },
    get checkpoints() {
      return engines.checkpoints;
    },
    get keys() {
      return engines.keys;
    },
    log: engines.log,
    fleet: { ...engines.fleet, leases: measureLeases(engines.fleet.leases, metrics) },
    ephemeral: engines.ephemeral,
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
