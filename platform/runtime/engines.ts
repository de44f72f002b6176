import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { Bus } from "#platform/bus/bus.ts";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { type Migrations, migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";
import { createSqliteCheckpoints } from "#platform/log/checkpoints/checkpoint-store-sqlite.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import { createSqliteEventLog } from "#platform/log/event-log-sqlite.ts";
import { openFollowing, type RunningFollowing } from "#platform/log/following-log.ts";
import type { Config } from "./config.ts";
import { tieInstallation } from "./installation.ts";
import { createSqliteInstallation, installationMigrations } from "./installation-sqlite.ts";
import { readOrMakeKey } from "./key-file.ts";
import type { Boot } from "./module.ts";
import { refuseHalfRestored } from "./restoring.ts";

/** What the server keeps its data in: open, migrated and of one installation. */
export interface Engines {
  readonly store: SqliteDatabase;
  readonly log: EventLog;
  readonly following: RunningFollowing;
  readonly incarnation: number;
  readonly installationId: string;
  readonly snapshots: Boot["snapshots"];
  /** The key under which tokens are sealed. */
  readonly sealingKey: Uint8Array;
  readonly bus: Bus;
  /** Flushes and closes. Closing twice is harmless. */
  close(): Promise<void>;
}

/** Consumer of the log whose checkpoint is the watermark: what it has applied is in the store. */
export const projectorConsumer = "projector";

const migrationsOf = (component: string, folder: string): Migrations => ({
  component,
  dir: fileURLToPath(new URL(`../log/${folder}`, import.meta.url)),
});
const logMigrations = [installationMigrations, migrationsOf("log", "migrations/sqlite")];
const checkpointMigrations = migrationsOf("checkpoints", "checkpoints/migrations/sqlite");

export async function openEngines(
  config: Config,
  logger: Logger,
  storeMigrations: readonly Migrations[],
): Promise<Engines> {
  refuseHalfRestored([config.store.path, config.log.path]);
  const opened = await Promise.allSettled([
    openMigrated(config.store, [installationMigrations, checkpointMigrations, ...storeMigrations]),
    openMigrated(config.log, logMigrations),
  ]);
  const [store, logDb] = opened.map((result) => (result.status === "fulfilled" ? result.value : undefined));
  try {
    for (const result of opened) if (result.status === "rejected") throw result.reason;
    if (!store || !logDb) throw new Error("an engine did not open");
    const { id: installationId, incarnation } = await tieInstallation(
      createSqliteInstallation(store),
      createSqliteInstallation(logDb),
    );
    const log = createSqliteEventLog(logDb);
    const snapshots = { store: store.snapshot, log: logDb.snapshot };
    const sealingKey = readOrMakeKey(join(config.dataDir, "keys", "seal.key"), 32);
    const shared = { incarnation, installationId, snapshots, sealingKey, bus: createMemoryBus() };
    return { ...(await openLog(config, logger, store, log)), ...shared };
  } catch (error) {
    await Promise.all([store?.close(), logDb?.close()]);
    throw error;
  }
}

async function openMigrated(engine: Config["store"], migrations: readonly Migrations[]): Promise<SqliteDatabase> {
  const db = await openSqlite(engine);
  try {
    await migrate(db, migrations);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function openLog(
  config: Config,
  logger: Logger,
  store: SqliteDatabase,
  log: EventLog,
): Promise<Pick<Engines, "store" | "log" | "following" | "close">> {
  const checkpoints = createSqliteCheckpoints(store);
  const following = await openFollowing({
    log,
    shards: config.shards,
    logger,
    watermark: async (shard) => (await checkpoints.read(projectorConsumer, shard))?.position ?? 0,
  });
  return {
    store,
    log,
    following,
    async close() {
      following.close();
      await Promise.all([log.close(), store.close()]);
    },
  };
}
