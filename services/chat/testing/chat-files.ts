import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";

const folder = (path: string) => join(import.meta.dirname, "../../..", path);

/** An empty store with the tables of the chat service, removed when the test has finished. */
export async function openChatStore(): Promise<SqliteDatabase> {
  const dir = mkdtempSync(join(tmpdir(), "parley-chat-"));
  const db = await openSqlite({ path: join(dir, "store.db"), synchronous: "off" });
  await migrate(db, [
    { component: "chat", dir: folder("services/chat/stores/migrations/sqlite") },
    { component: "checkpoints", dir: folder("platform/log/checkpoints/migrations/sqlite") },
  ]);
  onTestFinished(async () => {
    await db.close();
    rmSync(dir, { recursive: true });
  });
  return db;
}
