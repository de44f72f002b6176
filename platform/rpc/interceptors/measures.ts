import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import type { Logger } from "pino";
import type { RpcMetrics } from "../rpc-metrics.ts";
import { watchEnd } from "../stream-watching.ts";

/** Counts and times every call, and logs those that fail. A stream counts when it ends. */
export function interceptMeasures(metrics: RpcMetrics, logger: Logger): Interceptor {
  return (next) => async (request) => {
    const method = `${request.service.typeName}/${request.method.name}`;
    const start = performance.now();
    metrics.running.inc({ method });
    const end = (error?: unknown): unknown => {
      const code = error === undefined ? "ok" : codeToString(codeOf(error));
      const ms = performance.now() - start;
      metrics.running.dec({ method });
      metrics.count(method, code);
      metrics.seconds.observe({ method }, ms / 1000);
      logger.debug({ method, status: code, ms }, "call ended");
      return error;
    };
    try {
      const response = await next(request);
      if (response.stream) return { ...response, message: watchEnd(response.message, end) };
      end();
      return response;
    } catch (error) {
      throw end(error);
    }
  };
}

function codeOf(error: unknown): Code {
  return error instanceof ConnectError ? error.code : Code.Internal;
}
