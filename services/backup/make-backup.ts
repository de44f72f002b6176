import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { create } from "@bufbuild/protobuf";
import {
  type CreateBackupResponse,
  CreateBackupResponseSchema,
  type Manifest,
  ManifestSchema,
} from "#gen/parley/backup/v1/backup_pb.js";
import type { Following } from "#platform/log/following.ts";
import type { Snapshots } from "#platform/runtime/engines.ts";
import type { Boot } from "#platform/runtime/module.ts";
import type { CutData } from "./cut-worker.ts";
import { describeFile, filesBelow, layout } from "./files.ts";
import { DamagedCopy } from "./log-cut.ts";

const chunkBytes = 64 * 1024;
/** How long the store may take to catch up with what was acknowledged before the backup began. */
const catchUpMs = 60_000;
const catchUpPollMs = 20;

export interface BackupDeps extends Pick<Boot, "following" | "config" | "clock" | "incarnation" | "installationId"> {
  readonly snapshots: Snapshots;
}

/** Makes a backup in `folder` and yields it; the folder is removed afterwards, whatever happens. */
export async function* makeBackup(
  deps: BackupDeps,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<CreateBackupResponse> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    yield* sendAll(await copyAll(deps, folder, signal), deps);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where each file of the backup is read from. */
type Sources = ReadonlyMap<string, string>;

/**
 * Store first, then log: the log holds all that the store has applied, and is cut above it. Then the blobs that are
 * sealed, for those never change: a draft grows, moves or vanishes meanwhile, and its upload can begin again.
 */
async function copyAll(deps: BackupDeps, folder: string, signal: AbortSignal): Promise<Sources> {
  await storeCaughtUp(deps.following, signal);
  const [store, log] = [join(folder, layout.store), join(folder, layout.log)];
  await deps.snapshots.store(store);
  await deps.snapshots.log(log);
  await cutInThread({ storePath: store, logPath: log });
  const sources = new Map([
    [layout.store as string, store],
    [layout.log, log],
  ]);
  const folders = [
    [join(layout.blobs, layout.sealed), join(deps.config.blobs.path, layout.sealed)],
    [layout.keys, deps.config.keysDir],
  ] as const;
  for (const [name, source] of folders) {
    for (const path of await filesBelow(source)) sources.set(join(name, path), join(source, path));
  }
  return sources;
}

async function* sendAll(sources: Sources, deps: BackupDeps): AsyncGenerator<CreateBackupResponse> {
  const files: Manifest["files"] = [];
  for (const [path, source] of sources) {
    const file = await describeFile(source, path);
    files.push(file);
    yield create(CreateBackupResponseSchema, { part: { case: "file", value: file } });
    for await (const data of createReadStream(source, { highWaterMark: chunkBytes })) {
      yield create(CreateBackupResponseSchema, { part: { case: "data", value: data } });
    }
  }
  const manifest = create(ManifestSchema, {
    installationId: deps.installationId,
    incarnation: deps.incarnation,
    madeAtMs: BigInt(deps.clock()),
    files,
  });
  yield create(CreateBackupResponseSchema, { part: { case: "manifest", value: manifest } });
}

/** Resolves once the store holds everything that had been followed at the time of the call. */
async function storeCaughtUp(following: Following, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + catchUpMs;
  for (let shard = 0; shard < following.shards; shard++) {
    const wanted = following.above(shard, following.watermark(shard), Number.POSITIVE_INFINITY)?.at(-1)?.position ?? 0;
    while (following.watermark(shard) < wanted) {
      signal.throwIfAborted();
      if (performance.now() > deadline) throw new DamagedCopy(`the store is behind the log on shard ${shard}`);
      await new Promise((resolve) => setTimeout(resolve, catchUpPollMs));
    }
  }
}

function cutInThread(workerData: CutData): Promise<void> {
  const worker = new Worker(new URL("./cut-worker.ts", import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.once("error", (error) => reject(new DamagedCopy(error.message, { cause: error })));
    worker.once("exit", () => resolve());
  });
}
