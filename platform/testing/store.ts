import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import { type CqlOptions, type CqlSession, openCql } from "#platform/engines/cql.ts";
import { parseCqlUrl } from "#platform/engines/cql-url.ts";
import { migrate } from "#platform/engines/migrate.ts";
import { migrateCql } from "#platform/engines/migrate-cql.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";
import { engineUrl, freshName } from "./engines.ts";

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

/** Where a keyspace of a test's own is, or will be. */
export async function freshCqlOptions(): Promise<CqlOptions> {
  const url = `${await engineUrl("cql")}/${freshName()}?replication=1`;
  return { ...parseCqlUrl("PARLEY_STORE", url), logger: pino({ level: "silent" }) };
}

/** Making tables takes a quarter of a second each, and the first to ask for the engine waits for its start. */
const makeMs = 120_000;

/** A keyspace with the schema steps in the folders, for all tests of a file. */
export function useCqlStore(...migrationsDirs: readonly string[]): () => CqlSession {
  let session: CqlSession | undefined;

  beforeAll(async () => {
    const options = await freshCqlOptions();
    await migrateCql(
      options,
      migrationsDirs.map((dir, index) => ({ component: `test${index}`, dir })),
    );
    session = await openCql(options);
  }, makeMs);

  afterAll(async () => {
    await session?.close();
  });

  return () => {
    if (!session) throw new Error("the store is open within tests only");
    return session;
  };
}
