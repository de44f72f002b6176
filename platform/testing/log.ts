import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import { createSqliteEventLog } from "#platform/log/event-log-sqlite.ts";

const migrations = { component: "log", dir: join(import.meta.dirname, "../log/migrations/sqlite") };

/** An empty event log on SQLite, closed and removed when the test has finished. */
export async function openTestLog(): Promise<EventLog> {
  return (await openTestLogFile()).log;
}

/** The same with its file, for tests that damage it. */
export async function openTestLogFile(): Promise<{ log: EventLog; db: SqliteDatabase }> {
  const dir = mkdtempSync(join(tmpdir(), "parley-log-"));
  const db = await openSqlite({ path: join(dir, "log.db"), synchronous: "off" });
  await migrate(db, [migrations]);
  const log = createSqliteEventLog(db);
  onTestFinished(async () => {
    await log.close();
    rmSync(dir, { recursive: true });
  });
  return { log, db };
}
