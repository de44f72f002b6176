import type { Record as LogRecord } from "#gen/parley/log/v1/record_pb.js";
import type { Clock } from "#platform/runtime/clock.ts";
import type { CheckpointStore } from "./checkpoints/checkpoint-store.ts";
import { type EventLog, lastPosition } from "./event-log.ts";

/** How much older than what every consumer has covered a record must be, so that each can go back that far. */
export const marginMs = 86_400_000;
/** Bytes of records that are read at once, and then dropped at once. */
const pageBytes = 1024 * 1024;

export interface TrimmingOptions {
  readonly log: Pick<EventLog, "read" | "trim">;
  readonly checkpoints: Pick<CheckpointStore, "read" | "consumers">;
  /** How old a record is at least that is dropped. */
  readonly retentionMs: number;
  readonly clock: Clock;
}

/**
 * Drops the records of a shard that are older than the retention and older by `marginMs` than what the slowest of the
 * registered consumers has covered last. Nothing is dropped while one of them has covered nothing of the shard, or the
 * log does not hold what one has covered. Returns the first position that was kept; undefined: all were.
 *
 * A record is dropped only together with all before it: one that is too young keeps those behind it, however old a
 * wrong clock has made them. What is dropped twice, by two processes, is dropped once.
 */
export async function trimShard(
  shard: number,
  { log, checkpoints, retentionMs, clock }: TrimmingOptions,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const covered = await slowest(checkpoints, shard);
  const [held] = covered > 0 ? await log.read(shard, covered, 1) : [];
  if (!held || Number(held.position) > covered) return undefined;
  const youngest = Math.min(clock() - retentionMs, Number(held.timeMs) - marginMs);
  const mayGo = (record: LogRecord) => lastPosition(record) < covered && Number(record.timeMs) <= youngest;
  for (let kept: number | undefined; ; ) {
    const page = await log.read(shard, kept ?? 0, pageBytes);
    const keeping = page.findIndex((record) => !mayGo(record));
    const last = keeping === -1 ? page.at(-1) : page[keeping - 1];
    if (!last || signal?.aborted) return kept;
    kept = lastPosition(last) + 1;
    await log.trim(shard, kept);
    if (keeping !== -1) return kept;
  }
}

/** The smallest position that a registered consumer has covered; 0 where there is none, or one has covered nothing. */
async function slowest(checkpoints: TrimmingOptions["checkpoints"], shard: number): Promise<number> {
  const consumers = await checkpoints.consumers();
  const covered = await Promise.all(consumers.map((consumer) => checkpoints.read(consumer, shard)));
  return covered.length === 0 ? 0 : Math.min(...covered.map((checkpoint) => checkpoint?.position ?? 0));
}
