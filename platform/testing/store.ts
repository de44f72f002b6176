import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";

/** A store with the schema steps in `migrationsDir`, in a folder of its own, for all tests of a file. */
export function useSqliteStore(migrationsDir: string): () => SqliteDatabase {
  let dir: string | undefined;
  let db: SqliteDatabase | undefined;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "parley-store-"));
    db = await openSqlite({ path: join(dir, "store.db"), synchronous: "off" });
    await migrate(db, [{ component: "test", dir: migrationsDir }]);
  });

  afterAll(async () => {
    await db?.close();
    if (dir) rmSync(dir, { recursive: true });
  });

  return () => {
    if (!db) throw new Error("the store is open within tests only");
    return db;
  };
}
