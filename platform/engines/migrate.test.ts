import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MigrationError, migrate, schemaOf } from "./migrate.ts";
import { openSqlite, type SqliteDatabase } from "./sqlite.ts";

let dir: string;
let db: SqliteDatabase;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "parley-migrate-"));
  db = await openSqlite({ path: join(dir, "test.db"), synchronous: "off" });
});

afterEach(async () => {
  await db.close();
  rmSync(dir, { recursive: true });
});

/** Steps of a component, by their names. */
function stepsOf(component: string, steps: Record<string, string>) {
  const folder = join(dir, component);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, sql] of Object.entries(steps)) writeFileSync(join(folder, name), sql);
  return { component, dir: folder };
}

const first = { "0001-one.sql": "CREATE TABLE one (a INTEGER) STRICT; INSERT INTO one VALUES (1)" };
const second = { ...first, "0002-two.sql": "ALTER TABLE one ADD COLUMN b INTEGER; UPDATE one SET b = a + 1" };

test("each step runs once, in the order of the names, component by component", async () => {
  await migrate(db, [stepsOf("x", first), stepsOf("y", { "0001-why.sql": "CREATE TABLE why (c TEXT) STRICT" })]);
  await migrate(db, [stepsOf("x", second)]);
  await migrate(db, [stepsOf("x", { ...second, "notes.txt": "no step" })]);
  expect(db.query("SELECT * FROM one")).toEqual([{ a: 1, b: 2 }]);
  expect(schemaOf(db)).toContain("CREATE TABLE why");
});

test("a step that fails leaves nothing, and runs again once it is mended", async () => {
  const broken = { ...first, "0002-two.sql": "INSERT INTO one VALUES (7); INSERT INTO nowhere VALUES (1)" };
  await expect(migrate(db, [stepsOf("x", broken)])).rejects.toThrow(/nowhere/);
  expect(db.query("SELECT a FROM one")).toEqual([{ a: 1 }]);
  await migrate(db, [stepsOf("x", second)]);
  expect(db.query("SELECT * FROM one")).toEqual([{ a: 1, b: 2 }]);
});

test("data that a newer program wrote are refused and left as they are", async () => {
  await migrate(db, [stepsOf("x", second)]);
  const old = migrate(db, [stepsOf("x", { ...first, "0001-zero.sql": "DROP TABLE one" })]);
  await expect(old).rejects.toThrow(MigrationError);
  await expect(old).rejects.toThrow(/newer version: x has 0002-two.sql/);
  expect(db.query("SELECT * FROM one")).toEqual([{ a: 1, b: 2 }]);
});
