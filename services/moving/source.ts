import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Config } from "#platform/runtime/config.ts";
import { type DataLock, takeDataLock } from "#platform/runtime/data-lock.ts";
import { refuseHalfRestored } from "#platform/runtime/restoring.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { movedTables, otherTables } from "./tables.ts";

/** An installation in files, of which nothing is changed. */
export interface Source {
  readonly store: DatabaseSync;
  readonly log: DatabaseSync;
  readonly storePath: string;
  readonly installationId: string;
  readonly incarnation: number;
  readonly shards: number;
  /** Whether no server runs on it, and none can start until this is closed. */
  readonly stands: boolean;
  close(): void;
}

/** Opens the files of an installation, whether a server runs on them or not. Throws StartError where they are no whole one. */
export function openSource(config: Config): Source {
  const { store, log } = config;
  if (store.kind !== "sqlite" || log.kind !== "sqlite") {
    throw new StartError("An export is of data in files: set PARLEY_STORE and PARLEY_LOG to where they are.");
  }
  const paths = [store.path, log.path];
  refuseHalfRestored(paths);
  const missing = paths.find((path) => !existsSync(path));
  if (missing) throw new StartError(`There is no ${missing}: set PARLEY_DATA to the folder of the installation.`);
  const lock = lockOf(config.dataDir);
  const inStore = new DatabaseSync(store.path, { readOnly: true });
  const inLog = new DatabaseSync(log.path, { readOnly: true });
  const close = () => {
    for (const db of [inStore, inLog]) if (db.isOpen) db.close();
    lock?.release();
  };
  try {
    for (const db of [inStore, inLog]) db.exec("PRAGMA busy_timeout = 5000");
    refuseUnknownTables(inStore);
    const shards = Math.max(config.shards, shardsOf(inLog));
    const { id, incarnation } = tiedInstallation(inStore, inLog);
    return {
      ...{ store: inStore, log: inLog, storePath: store.path, shards, incarnation, close },
      installationId: id,
      stands: lock !== undefined,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Undefined where a server holds it. */
function lockOf(dataDir: string): DataLock | undefined {
  try {
    return takeDataLock(dataDir);
  } catch (error) {
    if (error instanceof StartError) return undefined;
    throw error;
  }
}

function tiedInstallation(store: DatabaseSync, log: DatabaseSync): { id: string; incarnation: number } {
  const [inStore, inLog] = [store, log].map((db) => db.prepare("SELECT id, incarnation FROM installation").get());
  const isTied = inStore && inLog && inStore.id === inLog.id && inStore.incarnation === inLog.incarnation;
  if (!isTied || inStore.incarnation === 0) {
    throw new StartError("Store and log are not of one installation: start the server on them first, to see why.");
  }
  return { id: String(inStore.id), incarnation: Number(inStore.incarnation) };
}

function shardsOf(log: DatabaseSync): number {
  return Number(log.prepare("SELECT coalesce(max(shard), -1) + 1 AS shards FROM record").get()?.shards);
}

function refuseUnknownTables(store: DatabaseSync): void {
  const known = new Set([...movedTables.map(({ name }) => name), ...otherTables]);
  const sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
  const found = store
    .prepare(sql)
    .all()
    .map(({ name }) => String(name));
  const unknown = found.filter((name) => !known.has(name));
  const missing = movedTables.map(({ name }) => name).filter((name) => !found.includes(name));
  if (unknown.length === 0 && missing.length === 0) return;
  throw new StartError(
    `The store is of another version of this program (${[...unknown, ...missing].join(", ")}): start its server once ` +
      "with this version, then export again.",
  );
}
