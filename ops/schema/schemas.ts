import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { schemaOf } from "#platform/engines/migrate.ts";
import { openSqlite } from "#platform/engines/sqlite.ts";
import { readConfig } from "#platform/runtime/config.ts";
import { startServer } from "../../services/server.ts";

/** The files of a server, each with a snapshot of its schema in this folder. */
export const files = ["log", "store"] as const;

export const snapshotPath = (file: (typeof files)[number]) => join(import.meta.dirname, `${file}.sql`);

/** The schemas of the files that a server makes where there are none. */
export async function makeSchemas(): Promise<Record<(typeof files)[number], string>> {
  const folder = mkdtempSync(join(tmpdir(), "parley-schema-"));
  try {
    const env = { PARLEY_DATA: folder, PARLEY_LISTEN: "127.0.0.1:0", PARLEY_LOG_LEVEL: "silent" };
    const server = await startServer(readConfig(env));
    await server.stop();
    return { log: await readSchema(join(folder, "log.db")), store: await readSchema(join(folder, "store.db")) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function readSchema(path: string): Promise<string> {
  const db = await openSqlite({ path });
  try {
    return schemaOf(db);
  } finally {
    await db.close();
  }
}
