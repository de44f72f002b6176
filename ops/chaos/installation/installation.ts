import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CqlSession, openCql } from "#platform/engines/cql.ts";
import { migrateCql } from "#platform/engines/migrate-cql.ts";
import { readConfig } from "#platform/runtime/config.ts";
import { createEndings } from "#platform/runtime/endings.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { cqlMigrations } from "#platform/runtime/open-store-cql.ts";
import { storeMigrations } from "../../../services/modules.ts";
import { type LogView, openLogView } from "../views/log-view.ts";
import type { EngineAddresses, OwnEngines } from "./engines.ts";
import { type Process, type ProcessName, startProcesses } from "./processes.ts";

export const shards = 4;

/** An installation of several processes, with a view of what its engines hold. */
export interface Installation {
  readonly name: string;
  process(name: ProcessName): Process;
  readonly processes: readonly Process[];
  readonly gatewayUrls: readonly string[];
  readonly log: LogView;
  readonly store: CqlSession;
  /** Undefined where the engines are others' too, and must not be hurt. */
  readonly engines: OwnEngines | undefined;
  stop(): Promise<void>;
}

export interface InstallationOptions {
  readonly name: string;
  readonly addresses: EngineAddresses;
  readonly engines?: OwnEngines;
  /** What all processes are; "" for none. */
  readonly mutant?: string;
  /** A folder for what the processes print; absent: it is dropped. */
  readonly logs?: string | undefined;
}

/** Nothing may run into limits; tokens last as long as they can. */
const generous = {
  PARLEY_LOG_LEVEL: "warn",
  PARLEY_SHARDS: String(shards),
  PARLEY_ACCESS_TTL_SECONDS: "3600",
  PARLEY_LIMIT_CALLS_PER_MINUTE: "0",
  PARLEY_LIMIT_REGISTERS_PER_HOUR: "0",
  PARLEY_LIMIT_LOGINS_PER_MINUTE: "0",
  PARLEY_LIMIT_SEARCHES_PER_MINUTE: "0",
};

export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const { name, addresses, engines, mutant = "", logs } = options;
  const endings = createEndings();
  try {
    const settings = settingsOf(name, addresses);
    const config = readConfig(settings);
    const logger = createLogger("silent");
    if (config.store.kind !== "cql") throw new Error("the store is on CQL");
    await migrateCql({ ...config.store, logger }, cqlMigrations(storeMigrations));
    const store = await openCql({ ...config.store, logger });
    endings.push(() => store.close());
    const servers = addresses.nats.url.replace("nats://", "").split(",");
    const log = await openLogView(servers, name, shards);
    endings.push(() => log.close());
    // A server that a fault has left behind does not keep the others from ending.
    endings.push(() => log.remove().catch(() => {}));
    if (engines) endings.push(() => store.write(`DROP KEYSPACE ${name}`).catch(() => {}));
    const processes = await startProcesses(settings, mutant, endings);
    if (logs) endings.push(() => keepLogs(join(logs, name), [...processes.values()]));
    const of = (process: ProcessName): Process => {
      const found = processes.get(process);
      if (!found) throw new RangeError(`there is no process ${process}`);
      return found;
    };
    return {
      name,
      process: of,
      processes: [...processes.values()],
      gatewayUrls: [of("gateway-1").url, of("gateway-2").url],
      log,
      store,
      engines,
      stop: endings.run,
    };
  } catch (error) {
    await endings.run();
    throw error;
  }
}

function keepLogs(folder: string, processes: readonly Process[]): void {
  mkdirSync(folder, { recursive: true });
  for (const process of processes) writeFileSync(join(folder, `${process.name}.log`), process.output());
}

function settingsOf(name: string, { nats, cql, redis }: EngineAddresses): Record<string, string> {
  const replicas = nats.monitors.length;
  return {
    ...generous,
    PARLEY_LOG: `${nats.url}/${name}?replicas=${replicas}&max_bytes=64MiB`,
    PARLEY_NATS_MONITOR: nats.monitors.join(","),
    PARLEY_STORE: `${cql.url}/${name}?replication=1`,
    PARLEY_EPHEMERAL: redis.url,
  };
}
