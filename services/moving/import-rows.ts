import type { CqlSession } from "#platform/engines/cql.ts";
import { inChunks } from "./chunks.ts";
import { keyOf, rowsTable } from "./image.ts";
import { beginPart, endPart, type ImportPass, notePart } from "./import-pass.ts";
import { type MovedTable, movedTables } from "./tables.ts";
import { readTargetTables, type TargetTable, targetOf } from "./target-tables.ts";
import { verifyRows, verifyTable } from "./verify-rows.ts";
import { writeRows } from "./write-rows.ts";

/** Rows between two notes of how far the import has come. */
const chunkRows = 1_000;

/**
 * Writes what has changed in each table since it was imported before. The first time the whole table is compared with the
 * image, later what was written.
 */
export async function importRows(pass: ImportPass, session: CqlSession): Promise<number> {
  const targets = await readTargetTables(session);
  const tables = movedTables.map((table) => [table, targetOf(targets, table, pass.image)] as const);
  let rows = 0;
  for (const [table, target] of tables) rows += await importTable(pass, session, table, target);
  return rows;
}

async function importTable(
  pass: ImportPass,
  session: CqlSession,
  table: MovedTable,
  target: TargetTable,
): Promise<number> {
  const { image, progress, signal, incarnation } = pass;
  const { name } = table;
  const part = beginPart(pass, name);
  if (!part) return 0;
  const changed = `FROM ${rowsTable(name)} WHERE image_generation > ?`;
  const total = Number(image.db.prepare(`SELECT count(*) AS n ${changed}`).get(part.after)?.n);
  const order = keyOf(image.columns(name)).join(", ");
  const select = image.db.prepare(`SELECT * ${changed} ORDER BY ${order} LIMIT -1 OFFSET ?`);
  select.setReadBigInts(true);
  let written = part.written;
  for (const rows of inChunks(select.iterate(part.after, written), chunkRows)) {
    signal.throwIfAborted();
    await writeRows({ session, table, target, incarnation }, rows);
    if (part.after > 0) await verifyRows(session, target, rows);
    written += rows.length;
    notePart(pass, name, written);
    progress(`import ${name}`, written, total);
  }
  if (part.after === 0) await verifyTable(pass, session, target);
  endPart(pass, name);
  return total - part.written;
}
