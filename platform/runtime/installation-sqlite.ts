import { fileURLToPath } from "node:url";
import type { Migrations } from "#platform/engines/migrate.ts";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { Installation, InstallationRow } from "./installation.ts";

/** The table `installation`, in the store and in the log alike. */
export const installationMigrations: Migrations = {
  component: "installation",
  dir: fileURLToPath(new URL("./migrations/sqlite", import.meta.url)),
};

/** The row of a database that one process holds: nobody else can be faster. */
export function createSqliteInstallation(db: SqliteDatabase): InstallationRow {
  return {
    read: async () => readInstallation(db),
    async replace(expected, installation) {
      const now = readInstallation(db);
      if (now?.id !== expected?.id || now?.incarnation !== expected?.incarnation) return false;
      await writeInstallation(db, installation);
      return true;
    },
  };
}

export function readInstallation(db: SqliteDatabase): Installation | undefined {
  const row = db.get("SELECT id, incarnation FROM installation");
  return row && { id: String(row.id), incarnation: Number(row.incarnation) };
}

export async function writeInstallation(db: SqliteDatabase, { id, incarnation }: Installation): Promise<void> {
  const sql = "INSERT INTO installation VALUES (1, ?1, ?2) ON CONFLICT DO UPDATE SET id = ?1, incarnation = ?2";
  await db.write([{ sql, params: [id, incarnation] }]);
}
