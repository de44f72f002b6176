import { randomUUID } from "node:crypto";
import { Registry } from "prom-client";
import { systemClock } from "#platform/runtime/clock.ts";
import type { Config } from "#platform/runtime/config.ts";
import { takeDataLock } from "#platform/runtime/data-lock.ts";
import { createEndings } from "#platform/runtime/endings.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { openLogEngine } from "#platform/runtime/open-log.ts";
import { openStore } from "#platform/runtime/open-store.ts";
import { refuseHalfRestored } from "#platform/runtime/restoring.ts";
import { planRecovery, type Recovery, type RecoveryParts, recover } from "./chat/recovery.ts";
import { storeMigrations } from "./modules.ts";
import { requireStopped } from "./stopped.ts";

/**
 * Begins the next life of the log without a backup, where the log does not hold what the store has applied. Unless
 * `confirmed`, it only says what would be lost. Returns what the operator reads. Throws StartError where a process runs.
 */
export async function recoverInstallation(config: Config, confirmed: boolean): Promise<string> {
  const endings = createEndings();
  try {
    const files = [config.store, config.log].flatMap((engine) => (engine.kind === "sqlite" ? [engine.path] : []));
    if (files.length > 0) endings.push(takeDataLock(config.dataDir).release);
    refuseHalfRestored(files);
    const self = { id: randomUUID(), address: "", modules: [], shards: config.shards };
    const opening = {
      config,
      self,
      logger: createLogger(config.logLevel),
      metrics: new Registry(),
      storeMigrations,
      follows: true,
    };
    const store = await openStore(opening);
    endings.push(store.close);
    const logEngine = await openLogEngine(opening);
    endings.push(logEngine.close);
    const log = await logEngine.open();
    if (config.log.kind !== "sqlite") await requireStopped(log.fleet);
    const parts: RecoveryParts = {
      log: log.log,
      checkpoints: store.checkpoints,
      installation: { store: store.installation, log: logEngine.installation },
      shards: log.shards,
      clock: systemClock,
    };
    const recovery = await planRecovery(parts);
    if (confirmed) await recover(parts, recovery);
    return [...describe(recovery), outcomeOf(recovery, confirmed)].join("\n");
  } finally {
    await endings.run();
  }
}

function describe({ before, incarnation, lost }: Recovery): string[] {
  return [
    `Installation ${before.store.id}, incarnation ${before.store.incarnation}.`,
    ...(before.log ? [] : ["The log is empty: it was lost."]),
    ...lost.map(({ shard, tail, applied }) =>
      tail < applied
        ? `Shard ${shard}: the log ends at position ${tail}; the store has applied ${applied}.`
        : `Shard ${shard}: the log, which ends at position ${tail}, has something else at ${applied} than the store.`,
    ),
    ...(lost.length === 0 ? ["In every shard, the log holds what the store has applied."] : []),
    `Incarnation ${incarnation} keeps all that the store holds, and what the log of the other shards holds beyond it. ` +
      "What else was acknowledged is lost; clients hear of it and send their messages of the last 24 hours again.",
  ];
}

function outcomeOf({ incarnation }: Recovery, confirmed: boolean): string {
  if (confirmed) return `Incarnation ${incarnation} begins. Start the server.`;
  return "Nothing was changed. Copy the data first, then begin with --recover --yes.";
}
