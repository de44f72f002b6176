import { Gauge, type Registry } from "prom-client";
import type { Ephemeral } from "./open-ephemeral.ts";

/** An engine that this process stands on. */
export interface MeasuredEngine {
  readonly role: "log" | "store" | "ephemeral";
  /** Such as "sqlite", "nats", "cql", "redis". */
  readonly kind: string;
  isUp(): boolean;
}

export function measuredEphemeral(ephemeral: Ephemeral): MeasuredEngine {
  const isUp = () => ephemeral.kind === "memory" || ephemeral.redis.available();
  return { role: "ephemeral", kind: ephemeral.kind, isUp };
}

/** Tells of each engine whether it can be used, as this process sees it. */
export function measureEngines(metrics: Registry, engines: readonly MeasuredEngine[]): void {
  new Gauge({
    name: "parley_engine_up",
    help: "1 where the engine can be used as this process sees it, else 0; by role and kind.",
    labelNames: ["role", "kind"],
    registers: [metrics],
    collect() {
      for (const { role, kind, isUp } of engines) this.set({ role, kind }, isUp() ? 1 : 0);
    },
  });
}
