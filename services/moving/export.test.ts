import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "#platform/runtime/config.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { storeMigrations } from "../modules.ts";
import { type Stack, startStack } from "../testing/stack.ts";
import { exportInstallation } from "./export.ts";
import { importInstallation } from "./import.ts";
import { settle, talk } from "./testing/town.ts";

let folder: string;
let stack: Stack | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-export-"));
});
afterEach(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true });
});

const settings = (data: string) => ({ PARLEY_DATA: join(folder, data), PARLEY_SHARDS: "4" });
const signal = new AbortController().signal;

async function start(data: string): Promise<Stack> {
  stack = await startStack(settings(data));
  return stack;
}

function exportFrom(data: string, env: Record<string, string> = {}, until = signal) {
  const config = readConfig({ ...settings(data), ...env });
  return exportInstallation({ config, folder: join(folder, "image"), progress: () => undefined, signal: until });
}

function importWith(env: Record<string, string> = {}) {
  const config = readConfig({ ...settings("target"), ...env });
  const common = { folder: join(folder, "image"), progress: () => undefined, signal };
  return importInstallation({ config, ...common, storeMigrations, logger: createLogger("silent") });
}

test("an export of nothing new copies nothing; later ones bring what changed", async () => {
  const first = await start("data");
  const town = await settle(first);
  await first.projected();
  expect(await exportFrom("data")).toMatchObject({ complete: false, files: 1 });
  expect(await exportFrom("data")).toMatchObject({ complete: false, rows: 0, records: 0, files: 0 });
  await talk(town.ada, town.group, 3);
  await first.stop();
  // Uploads that are not finished come last.
  expect(await exportFrom("data")).toMatchObject({ complete: true, rows: 0, records: 1, files: 2 });
});

test("what a server was started with later is not mixed into the export of another one", async () => {
  await (await start("data")).stop();
  await exportFrom("data");
  await (await start("other")).stop();
  await expect(exportFrom("other")).rejects.toThrow("export it to a new folder");
});

test("a log that no longer holds what comes next is refused", async () => {
  const first = await start("data");
  const town = await settle(first);
  await exportFrom("data");
  for (let round = 0; round < 3; round++) await talk(town.ada, town.group, 1);
  await first.projected();
  for (let shard = 0; shard < 4; shard++) await first.boot.log.trim(shard, first.boot.following.tail(shard));
  await expect(exportFrom("data")).rejects.toThrow("begin in a new folder");
});

test("an import needs an export that came to its end", async () => {
  await expect(importWith()).rejects.toThrow("holds no export");
  await start("data");
  await expect(exportFrom("data", {}, AbortSignal.abort(new Error("killed")))).rejects.toThrow("killed");
  await expect(importWith()).rejects.toThrow("repeat it first");
});

test("an export is of data in files, and an import into engines that processes share", async () => {
  await expect(exportFrom("nowhere")).rejects.toThrow("set PARLEY_DATA to the folder of the installation");
  const log = { PARLEY_LOG: "nats://127.0.0.1:1" };
  await expect(exportFrom("nowhere", log)).rejects.toThrow("An export is of data in files");
  await (await start("data")).stop();
  await exportFrom("data");
  await expect(importWith()).rejects.toThrow("set PARLEY_LOG=nats://");
});

test("a store of a version that has other tables is refused", async () => {
  await (await start("data")).stop();
  const db = new DatabaseSync(join(folder, "data", "store.db"));
  db.exec("CREATE TABLE pinned (one INTEGER PRIMARY KEY)");
  db.close();
  await expect(exportFrom("data")).rejects.toThrow("of another version of this program (pinned)");
});
