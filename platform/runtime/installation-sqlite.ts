import { fileURLToPath } from "node:url";
import type { Migrations } from "#platform/engines/migrate.ts";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { Installation, InstallationRow } from "./installation.ts";

/** The table `installation`, in the store and in the log alike. */
export const installationMigrations: Migrations = {
  component: "installation",
  dir: fileURLToPath(new URL("./migrations/sqlite", import.meta.url)),
};

export function createSqliteInstallation(db: SqliteDatabase): InstallationRow {
  return {
    read: async () => readInstallation(db),
    async replace(expected, { id, incarnation }) {
      const insert = "INSERT INTO installation VALUES (1, ?, ?) ON CONFLICT DO NOTHING";
      const update = "UPDATE installation SET id = ?, incarnation = ? WHERE id = ? AND incarnation = ?";
      const statement = expected
        ? { sql: update, params: [id, incarnation, expected.id, expected.incarnation] }
        : { sql: insert, params: [id, incarnation] };
      const [changed] = await db.write([statement]);
      return changed === 1;
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
