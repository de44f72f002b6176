import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";

const folder = (path: string) => join(import.meta.dirname, "../../..", path);

async function openStore(dir: string): Promise<SqliteDatabase> {
  const db = await openSqlite({ path: join(dir, "store.db"), synchronous: "off" });
  await migrate(db, [
    { component: "chat", dir: folder("services/chat/stores/migrations/sqlite") },
    { component: "checkpoints", dir: folder("platform/log/checkpoints/migrations/sqlite") },
  ]);
  return db;
}

const newFolder = () => mkdtempSync(join(tmpdir(), "parley-chat-"));

/** An empty store with the tables of the chat service, removed when the test has finished. */
export async function openChatStore(): Promise<SqliteDatabase> {
  const dir = newFolder();
  const db = await openStore(dir);
  onTestFinished(async () => {
    await db.close();
    rmSync(dir, { recursive: true });
  });
  return db;
}

/** The same for all tests of a file. */
export function useChatStore(): () => SqliteDatabase {
  const dir = newFolder();
  let db: SqliteDatabase | undefined;
  beforeAll(async () => {
    db = await openStore(dir);
  });
  afterAll(async () => {
    await db?.close();
    rmSync(dir, { recursive: true });
  });
  return () => {
    if (!db) throw new Error("the store is open within tests only");
    return db;
  };
}
