import { concurrently } from "#platform/engines/concurrently.ts";
import type { CqlConditional, CqlSession, CqlStatement } from "#platform/engines/cql.ts";
import { maxBatch } from "#platform/engines/cql-limits.ts";
import type { SqlRow } from "#platform/engines/sqlite.ts";
import { isStored, readingOf, whereOf } from "./stored-row.ts";
import type { MovedTable } from "./tables.ts";
import { paramsOf, type TargetTable } from "./target-tables.ts";

/** Statements under way at the same time. */
const maxAtOnce = 32;
/** About most bytes of a batch. */
const batchBytes = 256 * 1024;

export interface RowsTarget {
  readonly session: CqlSession;
  readonly table: MovedTable;
  readonly target: TargetTable;
  readonly incarnation: number;
}

/** Writes rows of the image, those of one partition side by side; once more changes nothing. */
export async function writeRows(to: RowsTarget, rows: readonly SqlRow[]): Promise<void> {
  const { session, table } = to;
  if (table.writing.kind === "timed") {
    await concurrently(batchesOf(to, rows), maxAtOnce, (statements) => session.batch(statements));
  } else {
    await concurrently(rows, maxAtOnce, (row) => writeRow(to, row));
  }
}

async function writeRow({ session, table, target }: RowsTarget, row: SqlRow): Promise<void> {
  const isConditional = table.writing.kind === "conditional";
  const read = readingOf(target, row);
  const isWritten: CqlConditional["isWritten"] = (stored) => isStored(target, row, stored);
  if (row.image_removed === 1n) {
    const cql = `DELETE FROM ${target.name} ${whereOf(target)}`;
    if (!isConditional) return await session.write(cql, ...read.params);
    await session.conditional({ write: { cql: `${cql} IF EXISTS`, params: read.params }, read, isWritten });
    return;
  }
  const columns = [...target.types.keys()];
  const { cql, params } = insertOf(target, row, columns);
  if (!isConditional) return await session.write(cql, ...params);
  const outcome = await session.conditional({ write: { cql: `${cql} IF NOT EXISTS`, params }, read, isWritten });
  if (outcome.applied || isWritten(outcome.row)) return;
  const values = columns.filter((column) => !target.key.includes(column));
  const set = values.map((column) => `${column} = ?`).join(", ");
  const write = {
    cql: `UPDATE ${target.name} SET ${set} ${whereOf(target)} IF EXISTS`,
    params: [...paramsOf(target, row, values), ...read.params],
  };
  await session.conditional({ write, read, isWritten });
}

function insertOf(target: TargetTable, row: SqlRow, columns: readonly string[]): CqlStatement {
  return {
    cql: `INSERT INTO ${target.name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
    params: paramsOf(target, row, columns),
  };
}

/** Rows of one partition, one after the other in the image, are a batch. */
function batchesOf(to: RowsTarget, rows: readonly SqlRow[]): CqlStatement[][] {
  const batches: CqlStatement[][] = [];
  let [partition, bytes] = ["", 0];
  for (const row of rows) {
    const statements = timedStatements(to, row);
    const own = JSON.stringify(to.target.partition.map((column) => String(row[column])));
    const batch = batches.at(-1);
    if (!batch || own !== partition || bytes > batchBytes || batch.length + statements.length > maxBatch) {
      batches.push(statements);
      [partition, bytes] = [own, 0];
    } else {
      batch.push(...statements);
    }
    for (const value of Object.values(row)) bytes += value instanceof Uint8Array ? value.length : 0;
  }
  return batches;
}

function timedStatements({ table, target, incarnation }: RowsTarget, row: SqlRow): CqlStatement[] {
  if (table.writing.kind !== "timed") return [];
  return table.writing.cells(row, { incarnation }).map(({ columns, timestamp }) => {
    const { cql, params } = insertOf(target, row, [...target.key, ...columns]);
    return { cql: `${cql} USING TIMESTAMP ?`, params: [...params, timestamp] };
  });
}
