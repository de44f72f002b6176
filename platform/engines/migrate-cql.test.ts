import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { StartError } from "#platform/runtime/start-error.ts";
import { freshCqlOptions, useCqlStore } from "#platform/testing/store.ts";
import { openCql } from "./cql.ts";
import type { Migrations } from "./migrate.ts";
import { checkSchema, migrateCql } from "./migrate-cql.ts";
import { withMigrationLock } from "./migration-lock-cql.ts";
import { cqlSchemaOf } from "./schema-cql.ts";

const longMs = 120_000;
const tables = join(import.meta.dirname, "testing/cql");
const store = useCqlStore(tables);

/** The steps of the store's one component, and more. */
function stepsWith(more: Record<string, string>): Migrations[] {
  const dir = mkdtempSync(join(tmpdir(), "parley-steps-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  copyFileSync(join(tables, "0001-tables.cql"), join(dir, "0001-tables.cql"));
  for (const [name, text] of Object.entries(more)) writeFileSync(join(dir, name), text);
  return [{ component: "test0", dir }];
}

test("a keyspace is made, and each step runs once, of several that migrate at the same time", {
  timeout: longMs,
}, async () => {
  const options = await freshCqlOptions();
  const migrations = [{ component: "one", dir: tables }];
  const ran = await Promise.all([1, 2, 3].map(() => migrateCql(options, migrations)));
  expect(ran.flat()).toEqual(["one/0001-tables.cql"]);
  expect(await migrateCql(options, migrations)).toEqual([]);
  const session = await openCql(options);
  onTestFinished(() => session.close());
  await checkSchema(session, migrations);
  expect(await cqlSchemaOf(session)).toBe(await cqlSchemaOf(store()));
});

test("steps that are added run in order; one that was broken off runs again", { timeout: longMs }, async () => {
  const options = { ...(await freshCqlOptions()), keyspace: store().keyspace };
  const added = stepsWith({
    "0002-more.cql": "-- One; more.\nCREATE TABLE extra (k int PRIMARY KEY);\nCREATE TABLE broken;",
  });
  await expect(migrateCql(options, added)).rejects.toThrow();
  await expect(checkSchema(store(), added)).rejects.toThrow("run npm run migrate. It lacks test0/0002-more.cql");
  const mended = stepsWith({
    "0002-more.cql": "CREATE TABLE extra (k int PRIMARY KEY)",
    "0003-less.cql": "CREATE TABLE last (k int PRIMARY KEY)",
  });
  expect(await migrateCql(options, mended)).toEqual(["test0/0002-more.cql", "test0/0003-less.cql"]);
  await checkSchema(store(), mended);
  const older = checkSchema(store(), [{ component: "test0", dir: tables }]);
  await expect(older).rejects.toThrow("newer version of this program: it has test0/0002-more.cql, test0/0003-less.cql");
  await expect(older).rejects.toBeInstanceOf(StartError);
  await expect(migrateCql(options, [{ component: "test0", dir: tables }])).rejects.toThrow("newer version");
});

test("a step may change a table, and is run again where it was broken off after that", {
  timeout: longMs,
}, async () => {
  const options = await freshCqlOptions();
  await migrateCql(options, stepsWith({ "0002-more.cql": "CREATE TABLE more (k int PRIMARY KEY)" }));
  const changed = (rest: string) =>
    stepsWith({
      "0002-more.cql": "CREATE TABLE more (k int PRIMARY KEY)",
      "0003-wider.cql": `ALTER TABLE more ADD n bigint; ${rest}`,
    });
  await expect(migrateCql(options, changed("ALTER TABLE more ADD broken"))).rejects.toThrow();
  expect(await migrateCql(options, changed("ALTER TABLE more ADD t text"))).toEqual(["test0/0003-wider.cql"]);
  const session = await openCql(options);
  onTestFinished(() => session.close());
  await session.write("INSERT INTO more (k, n, t) VALUES (?, ?, ?)", 1, 2, "three");
  expect(await session.get("SELECT * FROM more WHERE k = ?", 1)).toEqual({ k: 1, n: 2, t: "three" });
});

test("a keyspace without schema is told from one that is older", { timeout: longMs }, async () => {
  const options = await freshCqlOptions();
  const empty = join(mkdtempSync(join(tmpdir(), "parley-steps-")));
  onTestFinished(() => rmSync(empty, { recursive: true }));
  mkdirSync(join(empty, "none"));
  await migrateCql(options, [{ component: "one", dir: join(empty, "none") }]);
  const session = await openCql(options);
  onTestFinished(() => session.close());
  await expect(checkSchema(session, [{ component: "one", dir: tables }])).rejects.toThrow("run npm run migrate");
});

test("more copies than there are nodes are refused before anything is made", async () => {
  const options = { ...(await freshCqlOptions()), replication: 3 };
  await expect(migrateCql(options, [])).rejects.toThrow("3 copies need 3 nodes and datacenter1 has 1: add nodes, or");
  await expect(openCql(options)).rejects.toThrow("no keyspace");
});

test("what holds the lock works alone, and learns that another has taken over", async () => {
  const working: string[] = [];
  const work = (name: string) =>
    withMigrationLock(store(), async (renew) => {
      working.push(`${name} begins`);
      await renew();
      working.push(`${name} ends`);
    });
  await Promise.all(["a", "b", "c"].map(work));
  expect(working.filter((_, index) => index % 2 === 0).map((text) => text.replace("begins", "ends"))).toEqual(
    working.filter((_, index) => index % 2 === 1),
  );
  await withMigrationLock(store(), async (renew) => {
    await store().conditional({
      write: { cql: "DELETE FROM migration_lock WHERE name = ? IF EXISTS", params: ["migrate"] },
      read: { cql: "SELECT holder FROM migration_lock WHERE name = ?", params: ["migrate"] },
      isWritten: (row) => row === undefined,
    });
    await expect(renew()).rejects.toThrow("Another migration has taken over");
  });
});
