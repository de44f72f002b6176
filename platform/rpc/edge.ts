import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { Auth } from "#gen/parley/options/v1/options_pb.js";
import type { Config } from "#platform/runtime/config.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import type { Tracing } from "#platform/telemetry/tracing.ts";
import { createAdmission, createPeerAdmission } from "./admission.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Budget, Budgets } from "./budgets.ts";
import { type CallObserver, type Calls, createCalls } from "./calls/calls.ts";
import { createCors } from "./cors.ts";
import type { Exchange } from "./exchange/exchange.ts";
import { type ForwardingOptions, forwardingRoutes } from "./forwarding/forwarding.ts";
import { createRateLimits } from "./interceptors/rate-limits.ts";
import { type PolicyOf, readPolicies } from "./method-policy.ts";
import { createOpenCallLimit, createUnspokenLimit } from "./open-calls.ts";
import { createPages, send, text } from "./pages.ts";
import { createReadPeer } from "./peers/peer-proof.ts";
import { listenOnOnePort, type OnePortOptions, type OnePortServer } from "./port/one-port-server.ts";
import { createRpcMetrics } from "./rpc-metrics.ts";
import type { Served } from "./served.ts";
import { serveStandard } from "./standard/serve-standard.ts";
import { typedFailure } from "./typed-failure.ts";
import { refuseUnknownMethod } from "./unknown-method.ts";
import { createValidation } from "./validation.ts";
import { createWebSockets } from "./websocket/websockets.ts";

/** Largest message that the server reads, after decompression. */
export const maxReadBytes = 1024 * 1024;
/** Most bytes of a message of a call that anybody may make: as many as HTTP/2 lets a client send unread. */
export const maxPublicBytes = 64 * 1024;

export interface EdgeOptions {
  readonly config: Pick<
    Config,
    "listen" | "peerListen" | "tls" | "proxies" | "openLimits" | "portLimits" | "allowedOrigins" | "limits"
  >;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly served: Served;
  /** What proves the calls of other processes of the installation; absent: there are none. */
  readonly peerKey?: Uint8Array;
  /** Services that another process runs, and how it is reached. */
  readonly forwarding?: ForwardingOptions;
  readonly authenticator: () => Authenticator;
  /** What each user may call in a minute; shared with what is said on streams. */
  readonly callBudget: Budget;
  /** Where the other budgets are made. */
  readonly budgets: Budgets;
  /** Why the server can't serve now; empty: it can. */
  readonly notReady: () => string[];
  /** Absent: telemetry is off. */
  readonly tracing?: Tracing | undefined;
}

/** The port and everything that is answered on it. */
export interface Edge {
  readonly url: string;
  /** Refuses new calls and tells connections to finish. */
  refuse(): void;
  /** Waits for the calls that run, at most `graceMs`. */
  finish(graceMs: number): Promise<void>;
  /** Cuts what is still open. Closing twice is harmless. */
  close(): Promise<void>;
}

export async function openEdge(options: EdgeOptions): Promise<Edge> {
  const { config, served } = options;
  const stopping = new AbortController();
  const notReady = () => (stopping.signal.aborted ? ["the server is stopping"] : options.notReady());
  serveStandard(served, notReady, stopping.signal);
  const services = [...served.services, ...(options.forwarding?.services ?? [])];
  const policyOf = policiesOf(services);
  const maxMessageBytes = (method: DescMethod) =>
    policyOf(method).auth === Auth.PUBLIC ? maxPublicBytes : maxReadBytes;
  const calls = openCalls(options, policyOf, maxMessageBytes);
  const unspoken = createUnspokenLimit(config);
  const webSockets = createWebSockets({
    methods: services.flatMap(({ methods }) => methods),
    allowedOrigins: config.allowedOrigins,
    maxMessageBytes,
    limits: config.portLimits,
    ...(unspoken ? { unspoken } : {}),
    metrics: options.metrics,
    onExchange: calls.handle,
  });
  const pages = createPages({ ...options, notReady });
  const cors = createCors(config.allowedOrigins);
  const onExchange = (exchange: Exchange) => {
    if (cors(exchange) || calls.handle(exchange) || pages(exchange) || refuseUnknownMethod(exchange)) return;
    send(exchange, text(404, "not found"));
  };
  const port = await listen(options, { onExchange, onUpgrade: webSockets.upgrade });
  const ports = [port, ...(await listenForPeers(options, onExchange))];
  return {
    url: port.url,
    refuse() {
      stopping.abort();
      calls.refuse();
      webSockets.refuse();
      for (const each of ports) each.refuse();
    },
    finish: (graceMs) => Promise.race([calls.idle(), wait(graceMs, undefined, { ref: false })]),
    async close() {
      calls.abort();
      await Promise.all(ports.map((each) => each.close()));
    },
  };
}

function openCalls(
  { config, served, peerKey, forwarding, authenticator, callBudget, budgets, metrics, logger, tracing }: EdgeOptions,
  policyOf: PolicyOf,
  maxMessageBytes: (method: DescMethod) => number,
): Calls {
  const limits = createRateLimits(policyOf, config.limits, callBudget, budgets);
  const admitCaller = createAdmission(policyOf, authenticator);
  const countOpen = createOpenCallLimit(config, policyOf);
  const admitPeer = createPeerAdmission(policyOf, createReadPeer(peerKey));
  return createCalls({
    served,
    forwarded: forwarding ? forwardingRoutes(forwarding, tracing) : [],
    async admit(context, exchange) {
      if (admitPeer(context, exchange)) return;
      countOpen(context.method, exchange);
      await admitCaller(context, exchange);
      await limits.admit(context, exchange);
    },
    interceptors: limits.interceptors,
    check: createValidation(),
    maxMessageBytes,
    typeFailure: (error, { name: method }) =>
      typedFailure(error, (err, id) => logger.error({ method, id, err }, "call failed by a defect")),
    observer: observe(createRpcMetrics(metrics), logger),
    tracing,
  });
}

/** Measures calls, and logs them. */
function observe(metrics: CallObserver, logger: Logger): CallObserver {
  return {
    opened: metrics.opened,
    ended(route, ms, failure) {
      metrics.ended(route, ms, failure);
      const status = failure ? codeToString(failure.code) : "ok";
      logger.debug({ method: route.name, status, ms }, "call ended");
    },
  };
}

async function listen(
  { config, metrics }: EdgeOptions,
  answering: Pick<OnePortOptions, "onExchange" | "onUpgrade">,
): Promise<OnePortServer> {
  const { listen: address, tls, proxies, openLimits, portLimits: limits } = config;
  try {
    const certificate = tls && { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) };
    return await listenOnOnePort({
      ...address,
      ...(certificate ? { tls: certificate } : {}),
      ...(proxies ? { proxies } : {}),
      openLimits,
      limits,
      metrics,
      ...answering,
    });
  } catch (error) {
    throw cantListen(address, error);
  }
}

/** A port that only processes of the installation know, in cleartext and without limits of connections. */
async function listenForPeers(
  { config: { peerListen, portLimits: limits } }: EdgeOptions,
  onExchange: OnePortOptions["onExchange"],
): Promise<OnePortServer[]> {
  if (!peerListen) return [];
  try {
    return [await listenOnOnePort({ ...peerListen, limits, onExchange })];
  } catch (error) {
    throw cantListen(peerListen, error);
  }
}

function cantListen({ host, port }: { host: string; port: number }, error: unknown): StartError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StartError(`The server can't listen on ${host}:${port}: ${reason}.`, { cause: error });
}

function policiesOf(services: readonly DescService[]): PolicyOf {
  const policies = readPolicies(services);
  return (method) => {
    const policy = policies.get(method);
    if (!policy) throw new Error(`${method.parent.typeName}/${method.name} has no policy`);
    return policy;
  };
}
