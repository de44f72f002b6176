import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrate } from "#platform/engines/migrate.ts";
import { openSqlite, type SqliteDatabase } from "#platform/engines/sqlite.ts";
import { type Installation, tieInstallation } from "./installation.ts";
import {
  createSqliteInstallation,
  installationMigrations,
  readInstallation,
  writeInstallation,
} from "./installation-sqlite.ts";

const tie = (store: SqliteDatabase, log: SqliteDatabase): Promise<Installation> =>
  tieInstallation(createSqliteInstallation(store), createSqliteInstallation(log));

let dir: string;
const opened: SqliteDatabase[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-installation-"));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.close()));
  rmSync(dir, { recursive: true });
});

async function file(name: string): Promise<SqliteDatabase> {
  const db = await openSqlite({ path: join(dir, name), synchronous: "off" });
  opened.push(db);
  await migrate(db, [installationMigrations]);
  return db;
}

test("new files are tied together, and stay so", async () => {
  const [store, log] = [await file("store.db"), await file("log.db")];
  const made = await tie(store, log);
  expect(made.incarnation).toBe(1);
  expect(await tie(store, log)).toEqual(made);
});

test("files of different installations refuse each other", async () => {
  const [store, log] = [await file("store.db"), await file("log.db")];
  await tie(store, log);
  const [otherStore, otherLog] = [await file("store2.db"), await file("log2.db")];
  await tie(otherStore, otherLog);
  await expect(tie(store, otherLog)).rejects.toThrow("different installations");
});

test("a file that was lost is not taken for a new one", async () => {
  const [store, log] = [await file("store.db"), await file("log.db")];
  await tie(store, log);
  await expect(tie(store, await file("log2.db"))).rejects.toThrow("the log was lost");
  await expect(tie(await file("store2.db"), log)).rejects.toThrow("the store was lost");
});

test("files of different lives of the log refuse each other", async () => {
  const [store, log] = [await file("store.db"), await file("log.db")];
  const { id } = await tie(store, log);
  await writeInstallation(log, { id, incarnation: 2 });
  await expect(tie(store, log)).rejects.toThrow("incarnation 2");
});

test("a crash at any point of the making is repaired", async () => {
  const id = "0198c0de-0000-4000-8000-000000000001";
  for (const [name, log] of [
    ["a", undefined],
    ["b", { id, incarnation: 1 }],
  ] as const) {
    const [storeFile, logFile] = [await file(`store-${name}.db`), await file(`log-${name}.db`)];
    await writeInstallation(storeFile, { id, incarnation: 0 });
    if (log) await writeInstallation(logFile, log);
    expect(await tie(storeFile, logFile)).toEqual({ id, incarnation: 1 });
    expect([readInstallation(storeFile), readInstallation(logFile)]).toEqual(Array(2).fill({ id, incarnation: 1 }));
  }
});

test("an installation that others make between two looks at it is not taken for a lost one", async () => {
  for (const late of ["store", "log"] as const) {
    const rows = { store: await file(`${late} a.db`), log: await file(`${late} b.db`) };
    let made: Promise<Installation> | undefined;
    const behind = (name: "store" | "log") => {
      const row = createSqliteInstallation(rows[name]);
      const read = async () => {
        if (name === late) made ??= tie(rows.store, rows.log);
        await made;
        return await row.read();
      };
      return { ...row, read };
    };
    expect(await tieInstallation(behind("store"), behind("log"))).toEqual(await made);
  }
});

test("of many processes that make an installation at once, all get the same", async () => {
  const [store, log] = [await file("store.db"), await file("log.db")];
  const tied = await Promise.all(Array.from({ length: 4 }, () => tie(store, log)));
  expect(new Set(tied.map(({ id }) => id)).size).toBe(1);
});
