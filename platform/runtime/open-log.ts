import { fileURLToPath } from "node:url";
import type { Bus } from "#platform/bus/bus.ts";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import type { Migrations } from "#platform/engines/migrate.ts";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { Fleet } from "#platform/fleet/fleet.ts";
import { createMemoryFleet } from "#platform/fleet/fleet-memory.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import { createSqliteEventLog } from "#platform/log/event-log-sqlite.ts";
import type { SqliteEngine } from "./config-engines.ts";
import type { Opening } from "./engines.ts";
import type { InstallationRow } from "./installation.ts";
import { createSqliteInstallation, installationMigrations } from "./installation-sqlite.ts";
import type { Fingerprints } from "./keys.ts";
import { openMigrated } from "./open-store.ts";

/** The engine of the log. It tells whose it is before this process changes anything in it. */
export interface LogEngine {
  readonly installation: InstallationRow;
  /** Absent where one process has the log alone. */
  readonly fingerprints?: Fingerprints;
  /**
   * Opens the log as one of the processes that share it: for those of its installation, in the life of the log that it
   * is in. Called once.
   */
  open(incarnation?: number): Promise<OpenedLog>;
  /** Closes what was opened, too. Closing twice is harmless. */
  close(): Promise<void>;
}

/** The log, and what processes that share it tell each other by the same engine. */
export interface OpenedLog {
  readonly log: EventLog;
  /** How many there are: more than this process was configured with, where others were with more. */
  readonly shards: number;
  readonly bus: Bus;
  readonly fleet: Fleet;
  /** Writes a copy to `target`; absent where the engine has means of its own. */
  readonly snapshot?: (target: string) => Promise<void>;
  /** Why it can't be used now, or undefined. */
  notReady(): string | undefined;
}

const logMigrations: Migrations = {
  component: "log",
  dir: fileURLToPath(new URL("../log/migrations/sqlite", import.meta.url)),
};

export async function openLogEngine(opening: Opening): Promise<LogEngine> {
  const { log } = opening.config;
  if (log.kind === "sqlite") return await openSqliteLog(log, opening);
  const { openNatsLog } = await import("./open-log-nats.ts");
  return await openNatsLog(log, opening);
}

async function openSqliteLog(settings: SqliteEngine, { config, self }: Opening): Promise<LogEngine> {
  const db = await openMigrated(settings, [installationMigrations, logMigrations]);
  const log = createSqliteEventLog(db);
  const shards = Math.max(config.shards, shardsIn(db));
  return {
    installation: createSqliteInstallation(db),
    open: async () => ({
      log,
      shards,
      bus: createMemoryBus(),
      fleet: createMemoryFleet({ ...self, shards }),
      snapshot: db.snapshot,
      notReady: () => undefined,
    }),
    close: log.close,
  };
}

/** How many there were before: each has at least the record of its first owner. */
function shardsIn(db: SqliteDatabase): number {
  return Number(db.get("SELECT max(shard) AS last FROM record")?.last ?? -1) + 1;
}
