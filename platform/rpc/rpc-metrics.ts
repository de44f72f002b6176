import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** What the port tells of its calls. */
export interface RpcMetrics {
  readonly running: Gauge<"method">;
  readonly seconds: Histogram<"method">;
  /** Counts a call that ended; `method` is its full name, `code` as Connect writes it, "ok" for success. */
  count(method: string, code: string): void;
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

export function createRpcMetrics(registry: Registry): RpcMetrics {
  const registers = [registry];
  const ended = new Counter({
    name: "parley_rpc_ended_total",
    help: "Calls that ended, by method and code.",
    labelNames: ["method", "code"],
    registers,
  });
  return {
    running: new Gauge({
      name: "parley_rpc_running",
      help: "Calls that run, open streams included.",
      labelNames: ["method"],
      registers,
    }),
    seconds: new Histogram({
      name: "parley_rpc_seconds",
      help: "How long calls took, streams included.",
      labelNames: ["method"],
      buckets: secondsBuckets,
      registers,
    }),
    count: (method, code) => ended.inc({ method, code }),
  };
}
