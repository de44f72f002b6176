import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Migrations } from "#platform/engines/migrate.ts";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { StartError } from "./start-error.ts";

/** Which installation a file belongs to, and which life of the log it has seen. */
export interface Installation {
  readonly id: string;
  readonly incarnation: number;
}

/** The table `installation`, in the store and in the log alike. */
export const installationMigrations: Migrations = {
  component: "installation",
  dir: fileURLToPath(new URL("./migrations/sqlite", import.meta.url)),
};

/** The file's row, or undefined where it is new. Incarnation 0 tells that the installation is still being made. */
export function readInstallation(db: SqliteDatabase): Installation | undefined {
  const row = db.get("SELECT id, incarnation FROM installation");
  return row && { id: String(row.id), incarnation: Number(row.incarnation) };
}

export async function writeInstallation(db: SqliteDatabase, { id, incarnation }: Installation): Promise<void> {
  const sql = "INSERT INTO installation VALUES (1, ?1, ?2) ON CONFLICT DO UPDATE SET id = ?1, incarnation = ?2";
  await db.write([{ sql, params: [id, incarnation] }]);
}

/**
 * The installation that store and log both belong to; makes it where both are new. Throws StartError where they are of
 * different installations, or one was lost. A crash at any point of the making is repaired by the next call.
 */
export async function tieInstallation(store: SqliteDatabase, log: SqliteDatabase): Promise<Installation> {
  const [inStore, inLog] = [readInstallation(store), readInstallation(log)];
  if ((!inStore && !inLog) || inStore?.incarnation === 0) return await makeInstallation(store, log);
  if (!inLog) throw new StartError("The store is in use but the log is empty: the log was lost. Restore a backup.");
  if (!inStore) throw new StartError("The log is in use but the store is empty: the store was lost. Restore a backup.");
  if (inStore.id !== inLog.id) throw new StartError("Log and store belong to different installations.");
  if (inStore.incarnation !== inLog.incarnation) {
    throw new StartError(
      `Log (incarnation ${inLog.incarnation}) and store (${inStore.incarnation}) are of different times of the same ` +
        "installation. Restore a backup.",
    );
  }
  return inStore;
}

async function makeInstallation(store: SqliteDatabase, log: SqliteDatabase): Promise<Installation> {
  const id = readInstallation(store)?.id ?? randomUUID();
  const inLog = readInstallation(log);
  if (inLog && inLog.id !== id) throw new StartError("Log and store belong to different installations.");
  await writeInstallation(store, { id, incarnation: 0 });
  await writeInstallation(log, { id, incarnation: 1 });
  await writeInstallation(store, { id, incarnation: 1 });
  return { id, incarnation: 1 };
}
