import { create } from "@bufbuild/protobuf";
import { EntrySchema, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { CheckpointStore } from "#platform/log/checkpoints/checkpoint-store.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { Installation, InstallationRow } from "#platform/runtime/installation.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { isLogged, loggedHash } from "./projector/verify-checkpoints.ts";
import { projectorName } from "./stores/projection-store.ts";

/** Numbers of events hold no more lives of a log. */
const incarnationLimit = 2 ** 20;

/** What a recovery stands on: no process of the installation may run. */
export interface RecoveryParts {
  readonly log: EventLog;
  readonly checkpoints: CheckpointStore;
  readonly installation: { readonly store: InstallationRow; readonly log: InstallationRow };
  readonly shards: number;
  readonly clock: Clock;
}

/** A shard whose log does not hold what the store has applied last. */
export interface LostShard {
  readonly shard: number;
  /** Where the log ends. */
  readonly tail: number;
  /** The last position that the store has applied. */
  readonly applied: number;
}

export interface Recovery {
  readonly before: { readonly store: Installation; readonly log: Installation | undefined };
  /** The life of the log that begins. */
  readonly incarnation: number;
  readonly lost: readonly LostShard[];
}

/** Looks what a recovery would do; changes nothing. Throws StartError where there is nothing that it can go on from. */
export async function planRecovery({ log, checkpoints, installation, shards }: RecoveryParts): Promise<Recovery> {
  const [inStore, inLog] = [await installation.store.read(), await installation.log.read()];
  if (!inStore || inStore.incarnation === 0) {
    throw new StartError("The store is empty: there is nothing to recover. Restore a backup, or start anew.");
  }
  if (inLog && inLog.id !== inStore.id) throw new StartError("Log and store belong to different installations.");
  const incarnation = Math.max(inStore.incarnation, inLog?.incarnation ?? 0) + 1;
  if (incarnation >= incarnationLimit) throw new StartError(`There are no incarnations after ${incarnation - 1}.`);
  const lost: LostShard[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const checkpoint = await checkpoints.read(projectorName, shard);
    if (!checkpoint || checkpoint.position === 0) continue;
    const { position: applied, entryHash } = checkpoint;
    if (await isLogged(log, shard, applied, entryHash)) continue;
    lost.push({ shard, applied, tail: await log.tail(shard) });
  }
  return { before: { store: inStore, log: inLog }, incarnation, lost };
}

/**
 * Begins the next life of the log on what the store holds. The log's own row comes first and the store's last, so that
 * no process starts on half of it; one that broke off is made again from the start. In a lost shard the store is what
 * counts: what its log still holds is dropped, and every consumer goes on after it.
 */
export async function recover(parts: RecoveryParts, { before, incarnation, lost }: Recovery): Promise<void> {
  const { installation } = parts;
  const next = { id: before.store.id, incarnation };
  await replace(installation.log, before.log, next);
  for (const { shard } of lost) await beginShard(parts, shard, incarnation);
  await replace(installation.store, before.store, next);
}

async function replace(row: InstallationRow, before: Installation | undefined, next: Installation): Promise<void> {
  if (await row.replace(before, next)) return;
  throw new StartError("Somebody else changes this installation. Stop every process of it, then recover again.");
}

/** Sets the shard's log to one record of the new life, which every consumer has covered. */
async function beginShard({ log, checkpoints, clock }: RecoveryParts, shard: number, incarnation: number) {
  const tail = await log.tail(shard);
  const [last] = tail > 0 ? await log.read(shard, tail, 1) : [];
  const position = tail + 1;
  const record = create(RecordSchema, {
    position: BigInt(position),
    epoch: (last?.epoch ?? 0n) + 1n,
    incarnation: BigInt(incarnation),
    timeMs: BigInt(clock()),
    owner: "recovery",
    entries: [create(EntrySchema)],
  });
  const result = await log.append(shard, tail, record);
  const entryHash = await loggedHash(log, shard, position);
  if (result !== "appended" || !entryHash) {
    throw new StartError(`Shard ${shard} can't be written: ${result}. Stop every process, then recover again.`);
  }
  for (const consumer of await checkpoints.consumers()) {
    await checkpoints.write(consumer, shard, { incarnation, position, entryHash });
  }
  await log.trim(shard, position);
}
