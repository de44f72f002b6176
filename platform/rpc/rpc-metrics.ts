import { codeToString } from "@connectrpc/connect/protocol-connect";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { CallObserver } from "./calls/calls.ts";

/** The series of one method, looked up once. */
interface Series {
  readonly running: Gauge.Internal<"method">;
  readonly seconds: Histogram.Internal<"method">;
  readonly succeeded: Counter.Internal;
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

/** Counts and times every call by its method, streams when they are over. */
export function createRpcMetrics(registry: Registry): CallObserver {
  const registers = [registry];
  const ended = new Counter({
    name: "parley_rpc_ended_total",
    help: "Calls that ended, by method and code.",
    labelNames: ["method", "code"],
    registers,
  });
  const running = new Gauge({
    name: "parley_rpc_running",
    help: "Calls that run, open streams included.",
    labelNames: ["method"],
    registers,
  });
  const seconds = new Histogram({
    name: "parley_rpc_seconds",
    help: "How long calls took, streams included.",
    labelNames: ["method"],
    buckets: secondsBuckets,
    registers,
  });
  const known = new Map<string, Series>();
  const seriesOf = (method: string): Series => {
    const series = known.get(method) ?? {
      running: running.labels(method),
      seconds: seconds.labels(method),
      succeeded: ended.labels(method, "ok"),
    };
    known.set(method, series);
    return series;
  };
  return {
    opened: ({ name }) => seriesOf(name).running.inc(),
    ended({ name }, ms, failure) {
      const series = seriesOf(name);
      series.running.dec();
      series.seconds.observe(ms / 1000);
      if (failure) ended.inc({ method: name, code: codeToString(failure.code) });
      else series.succeeded.inc();
    },
  };
}
