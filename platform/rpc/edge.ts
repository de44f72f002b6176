import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Interceptor } from "@connectrpc/connect";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Config } from "#platform/runtime/config.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { type Admit, createAdmission } from "./admission.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Budget } from "./budgets.ts";
import { createCors } from "./cors.ts";
import { interceptFailures } from "./interceptors/failures.ts";
import { interceptMeasures } from "./interceptors/measures.ts";
import { createRateLimits, type RateLimits } from "./interceptors/rate-limits.ts";
import { interceptValidation } from "./interceptors/validation.ts";
import { type PolicyOf, readPolicies } from "./method-policy.ts";
import type { NodeRequest, NodeResponse } from "./node-request.ts";
import { listenOnOnePort, type OnePortOptions } from "./port/one-port-server.ts";
import { createPages, send, text } from "./pages.ts";
import { createRpcHandler } from "./rpc-handler.ts";
import { createRpcMetrics, type RpcMetrics } from "./rpc-metrics.ts";
import type { Served } from "./served.ts";
import { serveStandard } from "./standard/serve-standard.ts";

export interface EdgeOptions {
  readonly config: Pick<Config, "listen" | "tls" | "allowedOrigins" | "limits">;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly served: Served;
  readonly authenticator: () => Authenticator;
  /** What each user may call in a minute; shared with what is said on streams. */
  readonly callBudget: Budget;
  /** Why the server can't serve now; empty: it can. */
  readonly notReady: () => string[];
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
  const { config, served, logger } = options;
  const [stopping, cutting] = [new AbortController(), new AbortController()];
  const notReady = () => (stopping.signal.aborted ? ["the server is stopping"] : options.notReady());
  serveStandard(served, notReady, stopping.signal);
  const metrics = createRpcMetrics(options.metrics);
  const policyOf = policiesOf(served);
  const limits = createRateLimits(policyOf, config.limits, options.callBudget);
  const admitCaller = createAdmission(policyOf, options.authenticator);
  const admit: Admit = async (context) => {
    await admitCaller(context);
    await limits.admit(context);
  };
  const interceptors = createInterceptors(logger, limits, metrics);
  const rpc = createRpcHandler({ served, admit, policyOf, interceptors, metrics, logger, signal: cutting.signal });
  const pages = createPages({ ...options, notReady });
  const cors = createCors(config.allowedOrigins);
  const onRequest = (request: NodeRequest, response: NodeResponse) => {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (cors(request, response) || rpc.handle(path, request, response) || pages(path, request, response)) return;
    send(response, text(404, "not found"));
  };
  const port = await listen(config, onRequest);
  return {
    url: port.url,
    refuse() {
      stopping.abort();
      rpc.refuse();
      port.refuse();
    },
    finish: (graceMs) => Promise.race([rpc.idle(), wait(graceMs, undefined, { ref: false })]),
    async close() {
      cutting.abort();
      await port.close();
    },
  };
}

async function listen({ listen: address, tls }: EdgeOptions["config"], onRequest: OnePortOptions["onRequest"]) {
  try {
    const certificate = tls && { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) };
    return await listenOnOnePort({ ...address, ...(certificate ? { tls: certificate } : {}), onRequest });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`The server can't listen on ${address.host}:${address.port}: ${reason}.`, { cause: error });
  }
}

function policiesOf(served: Served): PolicyOf {
  const policies = readPolicies(served.services);
  return (method) => {
    const policy = policies.get(method);
    if (!policy) throw new Error(`${method.parent.typeName}/${method.name} has no policy`);
    return policy;
  };
}

/** From the outside in. They run when a call opens; streams pass them by afterwards. */
function createInterceptors(logger: Logger, limits: RateLimits, metrics: RpcMetrics): Interceptor[] {
  return [interceptFailures(logger), interceptMeasures(metrics, logger), limits.intercept, interceptValidation()];
}
