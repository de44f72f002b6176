import type { CqlParam, CqlSession } from "#platform/engines/cql.ts";
import type { SqlRow, SqlValue } from "#platform/engines/sqlite.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import type { Image } from "./image.ts";
import type { MovedTable } from "./tables.ts";

/** A table of the target. */
export interface TargetTable {
  readonly name: string;
  readonly partition: readonly string[];
  /** With the partition's columns first. */
  readonly key: readonly string[];
  /** Types by column, all of them. */
  readonly types: ReadonlyMap<string, string>;
}

/** The tables of the target's keyspace by name, as the engine itself describes them. */
export async function readTargetTables(session: CqlSession): Promise<ReadonlyMap<string, TargetTable>> {
  const cql = `SELECT table_name, column_name, type, kind, position FROM system_schema.columns WHERE keyspace_name = ?`;
  const tables = Map.groupBy(await session.query(cql, session.keyspace), (row) => String(row.table_name));
  return new Map(
    [...tables].map(([name, columns]) => {
      const ofKind = (kind: string) =>
        columns
          .filter((column) => column.kind === kind)
          .sort((one, other) => Number(one.position) - Number(other.position))
          .map((column) => String(column.column_name));
      const partition = ofKind("partition_key");
      const types = new Map(columns.map((column) => [String(column.column_name), String(column.type)]));
      return [name, { name, partition, key: [...partition, ...ofKind("clustering")], types }];
    }),
  );
}

/** The target's table for one of the image. Throws StartError where they do not have the same columns. */
export function targetOf(
  targets: ReadonlyMap<string, TargetTable>,
  { name, timeColumns }: MovedTable,
  image: Image,
): TargetTable {
  const target = targets.get(name);
  const here = image.columns(name).map((column) => column.name);
  const moved = here.filter((column) => !timeColumns.includes(column));
  if (target && moved.length === target.types.size && moved.every((column) => target.types.has(column))) return target;
  throw new StartError(
    `Table ${name} of the target is not that of the export: run npm run migrate, with the version that has exported.`,
  );
}

/** Values of a row as the target's columns take them. */
export function paramsOf({ name, types }: TargetTable, row: SqlRow, columns: readonly string[]): CqlParam[] {
  return columns.map((column) => {
    const encoded = encode(row[column] ?? null, types.get(column));
    if (encoded !== undefined) return encoded;
    throw new StartError(`A row of ${name} can't be moved: its ${column} is no ${types.get(column)}.`);
  });
}

const intLimit = 2n ** 31n;

/** Undefined where the type can't hold it. Rows of an image have no numbers but integers, as bigint. */
function encode(value: SqlValue, type: string | undefined): CqlParam | undefined {
  if (value === null) return null;
  if (type === "bigint" && typeof value === "bigint") return value;
  if (type === "int" && typeof value === "bigint" && value >= -intLimit && value < intLimit) return Number(value);
  if (type === "text" && typeof value === "string") return value;
  if (type === "blob" && value instanceof Uint8Array) return value;
  return undefined;
}
