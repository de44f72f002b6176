import { startCassandra } from "./cassandra.ts";
import { cassandraFiles, javaFor } from "./cassandra-files.ts";
import type { Engine, EngineName, StartOptions } from "./engine.ts";
import { natsServer, startNats } from "./nats.ts";
import { redisServer, startRedis } from "./redis.ts";

interface Programs {
  /** Finds or installs what the engine needs; MissingEngine where neither can be. */
  readonly install: () => Promise<unknown>;
  readonly start: (options: StartOptions) => Promise<Engine>;
}

const programs: Readonly<Record<EngineName, Programs>> = {
  nats: { install: natsServer, start: (options) => startNats(1, options) },
  "nats-cluster": { install: natsServer, start: (options) => startNats(3, options) },
  cql: { install: () => Promise.all([javaFor(), cassandraFiles()]), start: startCassandra },
  redis: { install: redisServer, start: startRedis },
};

/** Starts an engine of the caller's own, which tests of faults may hurt. */
export async function startEngine(name: EngineName, options: StartOptions = {}): Promise<Engine> {
  return await programs[name].start(options);
}

/** Sees to it that `startEngine` has nothing left to install. */
export async function installEngine(name: EngineName): Promise<void> {
  await programs[name].install();
}
