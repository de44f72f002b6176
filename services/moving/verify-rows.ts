import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { concurrently } from "#platform/engines/concurrently.ts";
import type { CqlSession } from "#platform/engines/cql.ts";
import type { SqlRow, SqlValue } from "#platform/engines/sqlite.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { rowsTable } from "./image.ts";
import type { ImportPass } from "./import-pass.ts";
import { isStored, readingOf } from "./stored-row.ts";
import type { TargetTable } from "./target-tables.ts";

/** Reads under way at the same time. */
const maxAtOnce = 32;

/** Throws StartError where the target does not hold these rows of the image as they are there. */
export async function verifyRows(session: CqlSession, target: TargetTable, rows: readonly SqlRow[]): Promise<void> {
  await concurrently(rows, maxAtOnce, async (row) => {
    const { cql, params } = readingOf(target, row);
    if (isStored(target, row, await session.get(cql, ...params))) return;
    throw foreign(target, "a row that is not that");
  });
}

type Row = Readonly<Record<string, SqlValue>>;

/** How many rows there are, and the sum of their hashes: in whatever order they come, it is the same. */
interface Sum {
  readonly rows: number;
  readonly hash: bigint;
}

/** Throws StartError where the target's table does not hold the rows of the image, and no others. */
export async function verifyTable({ image, progress, signal }: ImportPass, session: CqlSession, target: TargetTable) {
  const { name } = target;
  const columns = [...target.types.keys()].sort();
  const list = columns.join(", ");
  const select = image.db.prepare(`SELECT ${list} FROM ${rowsTable(name)} WHERE image_removed = 0`);
  select.setReadBigInts(true);
  const shown = async (rows: number) => {
    signal.throwIfAborted();
    progress(`verify ${name}`, rows);
    await turn();
  };
  const wanted = await sumOf(select.iterate(), columns, shown);
  const found = await sumOf(session.rows(`SELECT ${list} FROM ${name}`), columns, shown);
  if (found.rows === wanted.rows && found.hash === wanted.hash) return;
  throw foreign(target, `${found.rows} rows that are not the ${wanted.rows}`);
}

const sumLimit = 2n ** 128n;
const shownEvery = 1_000;

async function sumOf(
  source: Iterable<Row> | AsyncIterable<Row>,
  columns: readonly string[],
  shown: (rows: number) => Promise<void>,
): Promise<Sum> {
  let [rows, hash] = [0, 0n];
  for await (const row of source) {
    rows += 1;
    hash = (hash + hashOf(row, columns)) % sumLimit;
    if (rows % shownEvery === 0) await shown(rows);
  }
  return { rows, hash };
}

function hashOf(row: Row, columns: readonly string[]): bigint {
  const hash = createHash("sha256");
  for (const column of columns) {
    const value = row[column] ?? null;
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
    const kind = value instanceof Uint8Array ? "b" : typeof value === "string" ? "s" : value === null ? "n" : "i";
    hash.update(`${kind}${bytes.length}:`).update(bytes);
  }
  return BigInt(`0x${hash.digest("hex").slice(0, 32)}`);
}

function foreign({ name }: TargetTable, what: string): StartError {
  return new StartError(
    `Table ${name} of the target holds ${what} of the export: something else writes there. Import to a new keyspace and ` +
      "a new name of the log.",
  );
}
