import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Bus } from "#platform/bus/bus.ts";
import type { Fleet } from "#platform/fleet/fleet.ts";
import type { Process } from "#platform/fleet/processes.ts";
import type { CheckpointStore } from "#platform/log/checkpoints/checkpoint-store.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import { openFollowing, type RunningFollowing } from "#platform/log/following-log.ts";
import type { Budgets } from "#platform/rpc/budgets.ts";
import type { Config } from "./config.ts";
import { createEndings, type Endings } from "./endings.ts";
import { measuredEphemeral, measureEngines } from "./engine-metrics.ts";
import { tieInstallation } from "./installation.ts";
import type { Keys } from "./keys.ts";
import { type Ephemeral, openEphemeral } from "./open-ephemeral.ts";
import { type LogEngine, type OpenedLog, openLogEngine } from "./open-log.ts";
import { type OpenedStore, openStore, type Store, type StoreMigrations } from "./open-store.ts";
import { refuseHalfRestored } from "./restoring.ts";
import { sharedKeys } from "./shared-keys.ts";

/** What a process stands on: open, of the schema that the program knows, and all of one installation. */
export interface Engines {
  readonly store: Store;
  readonly checkpoints: CheckpointStore;
  readonly log: EventLog;
  readonly following: RunningFollowing;
  readonly incarnation: number;
  readonly installationId: string;
  /** Copies of the files, taken while they are used; absent where engines have means of their own. */
  readonly snapshots?: Snapshots;
  readonly keys: Keys;
  /** The key under which tokens are sealed. */
  readonly sealingKey: Uint8Array;
  readonly bus: Bus;
  readonly fleet: Fleet;
  readonly ephemeral: Ephemeral;
  readonly budgets: Budgets;
  /** Why they can't be used now, one sentence each; empty: they can. */
  notReady(): string[];
  /** Flushes and closes. Closing twice is harmless. */
  close(): Promise<void>;
}

/** Each writes to a `target` that must not exist. */
export interface Snapshots {
  store(target: string): Promise<void>;
  log(target: string): Promise<void>;
}

/** Consumer of the log whose checkpoint is the watermark: what it has applied is in the store. */
export const projectorConsumer = "projector";

/** What engines are opened with. */
export interface Opening {
  readonly config: Config;
  readonly self: Process;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly storeMigrations: StoreMigrations;
  /** Whether the log is followed. */
  readonly follows: boolean;
}

/** Opens everything. Where one fails, what was opened is closed before it throws. */
export async function openEngines(opening: Opening): Promise<Engines> {
  const { config, logger } = opening;
  refuseHalfRestored([config.store, config.log].flatMap((engine) => (engine.kind === "sqlite" ? [engine.path] : [])));
  const endings = createEndings();
  try {
    const [store, logEngine] = await openBoth(opening, endings);
    const { keys, sealingKey } = await sharedKeys(config, logEngine.fingerprints);
    const { id: installationId, incarnation } = await tieInstallation(store.installation, logEngine.installation);
    const log = await logEngine.open(incarnation);
    const following = await openFollowing({
      log: log.log,
      shards: opening.follows ? log.shards : 0,
      logger,
      incarnation,
      watermark: async (shard) => (await store.checkpoints.read(projectorConsumer, shard))?.position ?? 0,
    });
    endings.push(following.close);
    const shared = await openEphemeral(opening, installationId);
    endings.push(shared.close);
    measureEngines(opening.metrics, [
      { role: "log", kind: config.log.kind, isUp: () => log.notReady() === undefined },
      { role: "store", kind: config.store.kind, isUp: () => store.notReady() === undefined },
      measuredEphemeral(shared.ephemeral),
    ]);
    return {
      store: store.store,
      checkpoints: store.checkpoints,
      log: log.log,
      bus: log.bus,
      fleet: log.fleet,
      ephemeral: shared.ephemeral,
      budgets: shared.budgets,
      ...{ following, installationId, incarnation, keys, sealingKey },
      ...snapshotsOf(store, log),
      notReady: () => [store.notReady(), log.notReady()].filter((reason) => reason !== undefined),
      close: endings.run,
    };
  } catch (error) {
    await endings.run();
    throw error;
  }
}

/** At the same time; where one fails, the other is waited for, so that it can be closed. */
async function openBoth(opening: Opening, endings: Endings): Promise<[OpenedStore, LogEngine]> {
  const both = [endedBy(endings, openStore(opening)), endedBy(endings, openLogEngine(opening))] as const;
  await Promise.allSettled(both);
  return await Promise.all(both);
}

async function endedBy<Opened extends { close(): Promise<void> }>(
  endings: Endings,
  opening: Promise<Opened>,
): Promise<Opened> {
  const opened = await opening;
  endings.push(opened.close);
  return opened;
}

function snapshotsOf({ snapshot: store }: OpenedStore, { snapshot: log }: OpenedLog): { snapshots?: Snapshots } {
  return store && log ? { snapshots: { store, log } } : {};
}
