import type { CqlRow, CqlSession } from "./cql.ts";

/** The tables of a keyspace as statements that make them, in the order of their names. For the committed snapshot. */
export async function cqlSchemaOf(session: CqlSession): Promise<string> {
  const cql = `SELECT table_name, column_name, type, kind, position, clustering_order FROM system_schema.columns
    WHERE keyspace_name = ?`;
  const tables = Map.groupBy(await session.query(cql, session.keyspace), (row) => String(row.table_name));
  const names = [...tables.keys()].sort();
  return names.map((name) => statementOf(name, tables.get(name) ?? [])).join("\n");
}

function statementOf(table: string, columns: readonly CqlRow[]): string {
  const ofKind = (kind: string) =>
    columns
      .filter((column) => column.kind === kind)
      .sort(
        (a, b) => Number(a.position) - Number(b.position) || (String(a.column_name) < String(b.column_name) ? -1 : 1),
      );
  const [partition, clustering] = [ofKind("partition_key"), ofKind("clustering")];
  const names = (some: readonly CqlRow[]) => some.map((column) => String(column.column_name));
  const key = [`(${names(partition).join(", ")})`, ...names(clustering)].join(", ");
  const lines = [...partition, ...clustering, ...ofKind("regular")].map(
    (column) => `  ${String(column.column_name)} ${String(column.type)},\n`,
  );
  const isFalling = clustering.some((column) => column.clustering_order === "desc");
  const order = clustering.map((column) => `${column.column_name} ${String(column.clustering_order).toUpperCase()}`);
  const tail = isFalling ? ` WITH CLUSTERING ORDER BY (${order.join(", ")})` : "";
  return `CREATE TABLE ${table} (\n${lines.join("")}  PRIMARY KEY (${key})\n)${tail};\n`;
}
