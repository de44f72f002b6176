import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { inChunks } from "./chunks.ts";
import type { ExportPass } from "./export-pass.ts";
import { type Column, columnsOf, keyOf, rowsTable } from "./image.ts";
import { type MovedTable, movedTables } from "./tables.ts";

/** Rows that are copied in one transaction. */
const chunkRows = 2_000;

/**
 * Brings the rows of all tables up to date. Checkpoints are read before anything else, so that what is missing among the
 * rows is in the log above them; rows that are newer are recognized as such by whoever applies the log. They hold only
 * once everything is copied.
 */
export async function exportRows(pass: ExportPass): Promise<number> {
  const { image, source } = pass;
  const checkpoints = source.store.prepare("SELECT consumer, shard, incarnation, position, entry_hash FROM checkpoint");
  const covered = checkpoints.all();
  const withProjected = !hasProjected(pass);
  let rows = 0;
  for (const table of movedTables) if (withProjected || !table.isProjected) rows += await exportTable(pass, table);
  if (!withProjected) return rows;
  const keep = image.db.prepare("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?, ?)");
  image.transaction(() => {
    for (const { consumer, shard, incarnation, position, entry_hash: hash } of covered) {
      keep.run(...[consumer ?? null, shard ?? null, incarnation ?? null, position ?? null, hash ?? null]);
    }
  });
  return rows;
}

/** Entries that the target may have to apply from the log after its start. */
const maxBehind = 100_000;

/** Whether, of what the log makes, the image holds so much that the last export, which users wait for, leaves the rest. */
function hasProjected({ image, source }: ExportPass): boolean {
  if (!source.stands || image.db.prepare("SELECT 1 FROM checkpoint").get() === undefined) return false;
  const tails = source.log.prepare("SELECT shard, max(last_position) AS tail FROM record GROUP BY shard").all();
  const covered = image.db.prepare("SELECT position FROM checkpoint WHERE consumer = 'projector' AND shard = ?");
  const behind = tails.map(({ shard = null, tail }) => Number(tail) - Number(covered.get(shard)?.position ?? 0));
  return behind.reduce((sum, entries) => sum + entries, 0) <= maxBehind;
}

async function exportTable(pass: ExportPass, { name, writing }: MovedTable): Promise<number> {
  const { image, source, generation, progress, signal } = pass;
  const columns = columnsOf(source.store, name);
  image.db.exec(createSql(name, columns));
  const names = columns.map((column) => column.name);
  const upsert = image.db.prepare(upsertSql(name, columns));
  const select = source.store.prepare(`SELECT ${names.join(", ")} FROM ${name}`);
  select.setReadBigInts(true);
  let [read, changed] = [0, 0];
  for (const chunk of inChunks(select.iterate(), chunkRows)) {
    signal.throwIfAborted();
    image.transaction(() => {
      for (const row of chunk)
        changed += Number(upsert.run(...names.map((column) => row[column] ?? null), generation).changes);
      if (changed > 0) noteChange(pass, name);
    });
    read += chunk.length;
    progress(`export ${name}`, read);
    await turn();
  }
  if (writing.kind !== "timed") changed += markRemoved(pass, name, keyOf(columns));
  progress(`export ${name}`, read, read);
  return changed;
}

/** Notes what is gone from the source since. */
function markRemoved(pass: ExportPass, name: string, key: readonly string[]): number {
  const { image, source, generation } = pass;
  const same = key.map((column) => `there.${column} = here.${column}`).join(" AND ");
  const sql = `UPDATE ${rowsTable(name)} AS here SET image_removed = 1, image_generation = ? WHERE image_removed = 0
    AND NOT EXISTS (SELECT 1 FROM source.${name} AS there WHERE ${same})`;
  image.db.prepare("ATTACH ? AS source").run(`${pathToFileURL(source.storePath).href}?mode=ro`);
  try {
    return image.transaction(() => {
      const changed = Number(image.db.prepare(sql).run(generation).changes);
      if (changed > 0) noteChange(pass, name);
      return changed;
    });
  } finally {
    image.db.exec("DETACH source");
  }
}

export function noteChange({ image, generation }: Pick<ExportPass, "image" | "generation">, name: string): void {
  image.db.prepare("INSERT OR REPLACE INTO change VALUES (?, ?)").run(name, generation);
}

function createSql(name: string, columns: readonly Column[]): string {
  const lines = columns.map((column) => `${column.name} ${column.type}`);
  return `CREATE TABLE IF NOT EXISTS ${rowsTable(name)} (${lines.join(", ")}, image_generation INTEGER NOT NULL,
    image_removed INTEGER NOT NULL, PRIMARY KEY (${keyOf(columns).join(", ")})) STRICT, WITHOUT ROWID`;
}

/** Inserts a row, or replaces one that differs. */
function upsertSql(name: string, columns: readonly Column[]): string {
  const all = columns.map((column) => column.name);
  const values = columns.filter(({ key }) => key === 0).map((column) => column.name);
  const set = values.map((column) => `${column} = excluded.${column}, `).join("");
  const differs = values.map((column) => `${column} IS NOT excluded.${column}`);
  return `INSERT INTO ${rowsTable(name)} (${all.join(", ")}, image_generation, image_removed)
    VALUES (${all.map(() => "?").join(", ")}, ?, 0)
    ON CONFLICT DO UPDATE SET ${set}image_generation = excluded.image_generation, image_removed = 0
    WHERE ${["image_removed = 1", ...differs].join(" OR ")}`;
}
