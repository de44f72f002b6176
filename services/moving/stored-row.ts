import type { CqlParam, CqlRow, CqlStatement } from "#platform/engines/cql.ts";
import type { SqlRow } from "#platform/engines/sqlite.ts";
import { paramsOf, type TargetTable } from "./target-tables.ts";

/** The condition that names one row. */
export function whereOf({ key }: TargetTable): string {
  return `WHERE ${key.map((column) => `${column} = ?`).join(" AND ")}`;
}

/** Reads the target's row that has the key of one of the image. */
export function readingOf(target: TargetTable, row: SqlRow): CqlStatement {
  return { cql: `SELECT * FROM ${target.name} ${whereOf(target)}`, params: paramsOf(target, row, target.key) };
}

/** Whether the target holds a row of the image as it is there, or holds none where it is gone. */
export function isStored(target: TargetTable, row: SqlRow, stored: CqlRow | undefined): boolean {
  if (row.image_removed === 1n || !stored) return row.image_removed === 1n && !stored;
  const columns = [...target.types.keys()];
  return paramsOf(target, row, columns).every((value, index) => isEqual(value, stored[columns[index] ?? ""]));
}

function isEqual(one: CqlParam, other: CqlParam): boolean {
  if (one instanceof Uint8Array) return other instanceof Uint8Array && Buffer.compare(one, other) === 0;
  if (typeof one === "bigint") return (typeof other === "number" || typeof other === "bigint") && BigInt(other) === one;
  return one === other;
}
