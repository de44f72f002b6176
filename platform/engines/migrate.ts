import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SqliteDatabase } from "./sqlite.ts";

/** The schema steps of one component: files `0001-what.sql`, … in `dir`, applied in the order of their names. */
export interface Migrations {
  readonly component: string;
  readonly dir: string;
}

/** A file was written by a newer version of the program, or a step that was applied is missing. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/**
 * Brings a database to the schema that the program knows. Each step runs once, in a transaction with the row that
 * remembers it. Steps are only ever added: a file that holds unknown steps is refused.
 */
export async function migrate(db: SqliteDatabase, migrations: readonly Migrations[]): Promise<void> {
  await db.script(
    "CREATE TABLE IF NOT EXISTS migration (component TEXT, step TEXT, PRIMARY KEY (component, step)) STRICT",
  );
  for (const { component, dir } of migrations) {
    const steps = readdirSync(dir)
      .filter((name) => name.endsWith(".sql"))
      .sort();
    const applied = db
      .query("SELECT step FROM migration WHERE component = ?", component)
      .map((row) => String(row.step));
    const unknown = applied.filter((step) => !steps.includes(step));
    if (unknown.length > 0) {
      throw new MigrationError(`The data was written by a newer version: ${component} has ${unknown.join(", ")}.`);
    }
    for (const step of steps.filter((name) => !applied.includes(name))) {
      const sql = readFileSync(join(dir, step), "utf8");
      await db.script(`${sql};\nINSERT INTO migration VALUES ('${component}', '${step}')`);
    }
  }
}

/** The schema as SQLite keeps it, one statement a line group, in the order of the names. For the committed snapshots. */
export function schemaOf(db: SqliteDatabase): string {
  return db
    .query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .map((row) => `${String(row.sql)};\n`)
    .join("\n");
}
