import { fileURLToPath } from "node:url";
import type { CqlSession } from "#platform/engines/cql.ts";
import { type Migrations, migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { CheckpointStore } from "#platform/log/checkpoints/checkpoint-store.ts";
import { createSqliteCheckpoints } from "#platform/log/checkpoints/checkpoint-store-sqlite.ts";
import type { SqliteEngine } from "./config-engines.ts";
import type { Opening } from "./engines.ts";
import type { InstallationRow } from "./installation.ts";
import { createSqliteInstallation, installationMigrations } from "./installation-sqlite.ts";

/** Where services keep their tables. Only `stores/open-stores.ts` of a service looks inside. */
export type Store =
  | { readonly kind: "sqlite"; readonly db: SqliteDatabase }
  | { readonly kind: "cql"; readonly session: CqlSession };

/** Schema of what services keep in a store, by its engine. */
export type StoreMigrations = Readonly<Record<Store["kind"], readonly Migrations[]>>;

/** A store that is open and has the schema that the program knows. */
export interface OpenedStore {
  readonly store: Store;
  readonly installation: InstallationRow;
  readonly checkpoints: CheckpointStore;
  /** Writes a copy to `target`; absent where the engine has means of its own. */
  readonly snapshot?: (target: string) => Promise<void>;
  /** Why it can't be used now, or undefined. */
  notReady(): string | undefined;
  /** Flushes and closes. Closing twice is harmless. */
  close(): Promise<void>;
}

const checkpointMigrations: Migrations = {
  component: "checkpoints",
  dir: fileURLToPath(new URL("../log/checkpoints/migrations/sqlite", import.meta.url)),
};

/** Opens the store, and brings one on SQLite to the schema. One on CQL is migrated by `npm run migrate` alone. */
export async function openStore(opening: Opening): Promise<OpenedStore> {
  const { store } = opening.config;
  if (store.kind === "sqlite") return await openSqliteStore(store, opening.storeMigrations.sqlite);
  const { openCqlStore } = await import("./open-store-cql.ts");
  return await openCqlStore(store, opening);
}

async function openSqliteStore(settings: SqliteEngine, migrations: readonly Migrations[]): Promise<OpenedStore> {
  const db = await openMigrated(settings, [installationMigrations, checkpointMigrations, ...migrations]);
  return {
    store: { kind: "sqlite", db },
    installation: createSqliteInstallation(db),
    checkpoints: createSqliteCheckpoints(db),
    snapshot: db.snapshot,
    notReady: () => undefined,
    close: db.close,
  };
}

export async function openMigrated(engine: SqliteEngine, migrations: readonly Migrations[]): Promise<SqliteDatabase> {
  const db = await openSqlite(engine);
  try {
    await migrate(db, migrations);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}
