import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import type { CqlSession } from "#platform/engines/cql.ts";
import { openNats } from "#platform/engines/nats.ts";
import { beginShard } from "#platform/log/jetstream/begin-shard.ts";
import type { Config } from "#platform/runtime/config.ts";
import type { NatsLog } from "#platform/runtime/config-engines.ts";
import { takeDataLock } from "#platform/runtime/data-lock.ts";
import { createEndings, type Endings } from "#platform/runtime/endings.ts";
import type { Installation } from "#platform/runtime/installation.ts";
import { type LogEngine, openLogEngine } from "#platform/runtime/open-log.ts";
import { type OpenedStore, openStore, type StoreMigrations } from "#platform/runtime/open-store.ts";
import { sharedKeys } from "#platform/runtime/shared-keys.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { claimTarget, releaseTarget } from "./claim.ts";
import { type Image, type ImageState, openImage } from "./image.ts";
import { importFiles, importKeys } from "./import-files.ts";
import type { ImportPass } from "./import-pass.ts";
import { type BeginShard, importRecords } from "./import-records.ts";
import { importRows } from "./import-rows.ts";
import type { Progress } from "./progress.ts";

export interface ImportOptions {
  /** Settings of any process of the target that has store and log, with its files and keys. */
  readonly config: Config;
  readonly folder: string;
  readonly storeMigrations: StoreMigrations;
  readonly logger: Logger;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Imported {
  readonly installationId: string;
  /** Nothing is missing: servers may start. */
  readonly complete: boolean;
  /** What was written now. */
  readonly rows: number;
  readonly records: number;
  readonly files: number;
}

/**
 * Brings the target to what the image in `folder` holds, and compares. Until a complete export is there, no server starts
 * on it. One that was cut off is repeated, and goes on where it was.
 */
export async function importInstallation(options: ImportOptions): Promise<Imported> {
  const endings = createEndings();
  try {
    endings.push(takeDataLock(options.folder).release);
    const image = openImage(options.folder, { create: false });
    endings.push(image.close);
    return await importImage(options, image, readState(image, options.config), endings);
  } finally {
    await endings.run();
  }
}

async function importImage(
  options: ImportOptions,
  image: Image,
  state: ImageState,
  endings: Endings,
): Promise<Imported> {
  const { config, progress, signal } = options;
  const { installationId, generation, incarnation, shards, complete } = state;
  const installation: Installation = { id: installationId, incarnation };
  const { store, session, engine, begin } = await openTarget(options, endings);
  const rows = { store: store.installation, log: engine.installation };
  const claim = await claimTarget(rows, installation);
  if (claim === undefined) return { installationId, complete: true, rows: 0, records: 0, files: 0 };
  const { log } = await engine.open();
  const pass: ImportPass = { image, generation, incarnation, shards, claim, progress, signal };
  await importKeys(pass, config.keysDir);
  await sharedKeys(config, engine.fingerprints);
  const counts = {
    files: await importFiles(pass, config),
    rows: await importRows(pass, session),
    records: await importRecords(pass, log, begin),
  };
  await importCheckpoints(pass, store);
  if (complete) await releaseTarget(rows, installation, claim);
  return { installationId, complete, ...counts };
}

function readState(image: Image, { shards }: Config): ImageState {
  const state = image.read();
  if (!state?.ended) throw new StartError(`The export in ${image.folder} did not come to its end: repeat it first.`);
  if (shards >= state.shards) return state;
  throw new StartError(`The installation has ${state.shards} shards: set PARLEY_SHARDS to ${state.shards} or more.`);
}

interface Target {
  readonly store: OpenedStore;
  readonly session: CqlSession;
  readonly engine: LogEngine;
  readonly begin: BeginShard;
}

/** Throws StartError where it is none that processes share. */
async function openTarget(options: ImportOptions, endings: Endings): Promise<Target> {
  const { config, logger, storeMigrations } = options;
  if (config.log.kind !== "nats" || config.store.kind !== "cql") {
    throw new StartError(
      "An import is into engines that processes share: set PARLEY_LOG=nats://… and PARLEY_STORE=cql://….",
    );
  }
  const self = { id: randomUUID(), address: "", modules: [], shards: config.shards };
  const opening = { config, self, logger, metrics: new Registry(), storeMigrations, follows: false };
  const store = await openStore(opening);
  endings.push(store.close);
  if (store.store.kind !== "cql") throw new Error("the store is a file");
  const engine = await openLogEngine(opening);
  endings.push(engine.close);
  return { store, session: store.store.session, engine, begin: beginWith(config.log, logger, endings) };
}

/** Few logs need it: the connection is made once one does. */
function beginWith(settings: NatsLog, logger: Logger, endings: Endings): BeginShard {
  let opening: ReturnType<typeof openNats> | undefined;
  return async (shard, record) => {
    opening ??= openNats({ ...settings, logger, metrics: new Registry() }).then((engine) => {
      endings.push(engine.close);
      return engine;
    });
    return await beginShard(await opening, shard, record);
  };
}

/** Last: what they say is applied must be there. */
async function importCheckpoints({ image }: ImportPass, { checkpoints }: OpenedStore): Promise<void> {
  for (const row of image.db.prepare("SELECT * FROM checkpoint").all()) {
    if (!(row.entry_hash instanceof Uint8Array)) throw new TypeError("a checkpoint without hash");
    const { consumer, shard, incarnation, position, entry_hash: entryHash } = row;
    await checkpoints.write(String(consumer), Number(shard), {
      ...{ incarnation: Number(incarnation), position: Number(position), entryHash },
    });
  }
}
