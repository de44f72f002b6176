import { startCassandra } from "./cassandra.ts";
import type { Engine, EngineName, StartOptions } from "./engine.ts";
import { startNats } from "./nats.ts";
import { startRedis } from "./redis.ts";

const starts: Readonly<Record<EngineName, (options?: StartOptions) => Promise<Engine>>> = {
  nats: (options) => startNats(1, options),
  "nats-cluster": (options) => startNats(3, options),
  cql: startCassandra,
  redis: startRedis,
};

/** Starts an engine of the caller's own, which tests of faults may hurt. */
export function startEngine(name: EngineName, options: StartOptions = {}): Promise<Engine> {
  return starts[name](options);
}
