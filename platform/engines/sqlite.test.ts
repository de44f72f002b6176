import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqlite, type SqliteDatabase, SqliteFailure } from "./sqlite.ts";

let dir: string;
let db: SqliteDatabase;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "parley-sqlite-"));
  db = await openSqlite({ path: join(dir, "test.db") });
  await db.script("CREATE TABLE pair (a INTEGER PRIMARY KEY, b TEXT) STRICT");
});

afterEach(async () => {
  await db.close();
  rmSync(dir, { recursive: true });
});

test("a write can be read once it resolves", async () => {
  expect(await db.write([{ sql: "INSERT INTO pair VALUES (?, ?)", params: [1, "one"] }])).toEqual([1]);
  expect(db.query("SELECT * FROM pair")).toEqual([{ a: 1, b: "one" }]);
});

test("a conditional write tells that it did not apply", async () => {
  const insert = { sql: "INSERT INTO pair VALUES (?, ?) ON CONFLICT DO NOTHING", params: [1, "one"] };
  expect(await db.write([insert])).toEqual([1]);
  expect(await db.write([insert])).toEqual([0]);
});

test("a batch that fails changes nothing and harms no batch that shares its commit", async () => {
  const good = db.write([{ sql: "INSERT INTO pair VALUES (1, 'one')" }]);
  const bad = db.write([{ sql: "INSERT INTO pair VALUES (2, 'two')" }, { sql: "INSERT INTO pair VALUES (1, 'x')" }]);
  const later = db.write([{ sql: "INSERT INTO pair VALUES (3, 'three')" }]);
  await expect(bad).rejects.toBeInstanceOf(SqliteFailure);
  await Promise.all([good, later]);
  expect(db.query("SELECT a FROM pair ORDER BY a")).toEqual([{ a: 1 }, { a: 3 }]);
});

test("closing finishes what waits, and twice is harmless", async () => {
  const written = db.write([{ sql: "INSERT INTO pair VALUES (1, 'one')" }]);
  await Promise.all([db.close(), db.close()]);
  expect(await written).toEqual([1]);
  await expect(db.write([{ sql: "INSERT INTO pair VALUES (2, 'two')" }])).rejects.toBeInstanceOf(SqliteFailure);
});
