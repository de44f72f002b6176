import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { engineUrl } from "#platform/testing/engines.ts";
import { cqlSnapshotPath, makeCqlSchema } from "./schema-cql.ts";
import { files, makeSchemas, snapshotPath } from "./schemas.ts";

test("the migrations make the schemas of the committed snapshots; `npm run schema` writes them", async () => {
  const schemas = await makeSchemas();
  for (const file of files) expect(schemas[file], file).toBe(readFileSync(snapshotPath(file), "utf8"));
});

test("those on CQL do too", { timeout: 120_000 }, async () => {
  expect(await makeCqlSchema(await engineUrl("cql"))).toBe(readFileSync(cqlSnapshotPath, "utf8"));
});

test("both have the same tables and columns, but for what CQL has as timestamps", () => {
  const sqlite = columnsOf(readFileSync(snapshotPath("store"), "utf8"));
  const cql = columnsOf(readFileSync(cqlSnapshotPath, "utf8"));
  const untimed = Object.entries(sqlite).map(([table, columns]) => [
    table,
    columns.filter((name) => name !== "version" && !(name.endsWith("_at") && columns.includes(name.slice(0, -3)))),
  ]);
  expect(cql).toEqual(Object.fromEntries(untimed));
});

/** The columns of each table in a snapshot, but for those of the migrations themselves. */
function columnsOf(schema: string): Record<string, string[]> {
  const tables = [...schema.matchAll(/^CREATE TABLE (\w+) \(\n(.*?)\n\)/gms)];
  return Object.fromEntries(
    tables
      .filter(([, table = ""]) => !table.startsWith("migration"))
      .map(([, table = "", body = ""]) => [
        table,
        [...body.matchAll(/^ {2}([a-z_]+) /gm)].map(([, name = ""]) => name).sort(),
      ]),
  );
}
