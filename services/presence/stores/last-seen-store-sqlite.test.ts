import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";
import { describeLastSeenStore } from "./last-seen-store.contract.ts";
import { createSqliteLastSeenStore } from "./last-seen-store-sqlite.ts";

let dir: string;
let db: SqliteDatabase;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "parley-presence-"));
  db = await openSqlite({ path: join(dir, "store.db") });
  await migrate(db, [{ component: "presence", dir: join(import.meta.dirname, "migrations/sqlite") }]);
});

afterAll(async () => {
  await db.close();
  rmSync(dir, { recursive: true });
});

describeLastSeenStore("sqlite", () => createSqliteLastSeenStore(db));
