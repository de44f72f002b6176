import { chmod, copyFile, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fromJsonString } from "@bufbuild/protobuf";
import { type Manifest, ManifestSchema } from "#gen/parley/backup/v1/backup_pb.js";
import { openSqlite } from "#platform/engines/sqlite.ts";
import type { Config } from "#platform/runtime/config.ts";
import { takeDataLock } from "#platform/runtime/data-lock.ts";
import { writeInstallation } from "#platform/runtime/installation-sqlite.ts";
import { companionsOf, restoringPath } from "#platform/runtime/restoring.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { dataFilesOf } from "./data-files.ts";
import { describeFile, layout } from "./files.ts";
import { cutAndVerify, DamagedCopy } from "./log-cut.ts";

/** In the backup's folder: the last incarnation that it was restored as. */
const restoredFile = "restored-incarnation";

/** Numbers of events hold no more lives of a log. */
const incarnationLimit = 2 ** 20;

export interface Restored {
  readonly installationId: string;
  readonly incarnation: number;
  readonly files: number;
}

/**
 * Puts a backup where a server finds it, and begins the next life of the log: no number of the old one is used again.
 * `named` is the life that begins, where the operator knows better than the folder. Throws StartError where there is data already, or the backup is not whole; then nothing that exists was changed.
 */
export async function restoreBackup(config: Config, folder: string, named?: number): Promise<Restored> {
  const paths = dataFilesOf(config);
  await refuseExisting([paths.store, paths.log]);
  const manifest = await readManifest(folder);
  await verifyFiles(folder, manifest);
  const lock = takeDataLock(config.dataDir);
  try {
    const incarnation = await claimIncarnation(folder, manifest.incarnation, named);
    for (const file of manifest.files) await place(join(folder, file.path), targetOf(config, file.path));
    verifyCopies(config);
    for (const path of [paths.log, paths.store]) {
      const db = await openSqlite({ path: restoringPath(path) });
      await writeInstallation(db, { id: manifest.installationId, incarnation }).finally(() => db.close());
    }
    for (const path of [paths.log, paths.store]) await rename(restoringPath(path), path);
    return { installationId: manifest.installationId, incarnation, files: manifest.files.length };
  } finally {
    lock.release();
  }
}

async function refuseExisting(databases: readonly string[]): Promise<void> {
  for (const path of databases.flatMap((database) => [database, ...companionsOf(database)])) {
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    if (exists)
      throw new StartError(`${path} exists. A backup is restored where there is no data: move it away first.`);
  }
}

async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, layout.manifest), "utf8").catch(() => {
    throw new StartError(`${folder} holds no complete backup: it has no ${layout.manifest}.`);
  });
  return fromJsonString(ManifestSchema, text);
}

async function verifyFiles(folder: string, { files }: Manifest): Promise<void> {
  for (const file of files) {
    if (file.path.split("/").includes(".."))
      throw new StartError(`The backup names a file outside itself: ${file.path}.`);
    const found = await describeFile(join(folder, file.path), file.path).catch(() => undefined);
    if (!found || found.size !== file.size || Buffer.compare(found.sha256, file.sha256) !== 0) {
      throw new StartError(`The backup is damaged: ${file.path} is missing or not what was written.`);
    }
  }
}

function verifyCopies(config: Config): void {
  try {
    const { store, log } = dataFilesOf(config);
    cutAndVerify(restoringPath(store), restoringPath(log));
  } catch (error) {
    if (error instanceof DamagedCopy) throw new StartError(`The backup is damaged: ${error.message}.`);
    throw error;
  }
}

/**
 * One more than any life that this folder was restored as: restoring it twice never gives a number out twice. Copies of
 * a folder don't know of each other; for them, and for a folder that can't be written, the operator names the life.
 */
async function claimIncarnation(folder: string, backedUp: number, named?: number): Promise<number> {
  const path = join(folder, restoredFile);
  const last = Math.max(backedUp, Number(await readFile(path, "utf8").catch(() => "0")));
  if (named !== undefined && !(Number.isInteger(named) && named > last && named < incarnationLimit)) {
    throw new StartError(`Name an incarnation above ${last} and below ${incarnationLimit}.`);
  }
  const incarnation = named ?? last + 1;
  await writeFile(path, `${incarnation}\n`, { flush: true }).catch((error) => {
    if (named !== undefined) return;
    throw new StartError(`${path} can't be written: name the next incarnation with --incarnation.`, { cause: error });
  });
  return incarnation;
}

function targetOf(config: Config, path: string): string {
  const [first, ...rest] = path.split("/");
  const { store, log } = dataFilesOf(config);
  if (path === layout.store) return restoringPath(store);
  if (path === layout.log) return restoringPath(log);
  if (first === layout.blobs) return join(config.blobs.path, ...rest);
  if (first === layout.keys) return join(config.keysDir, ...rest);
  throw new StartError(`The backup holds a file that this version does not know: ${path}.`);
}

async function place(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  for (const old of [target, ...companionsOf(target)]) await rm(old, { force: true });
  await copyFile(source, target);
  await chmod(target, 0o600);
  const file = await open(target, "r+");
  await file.sync().finally(() => file.close());
}
