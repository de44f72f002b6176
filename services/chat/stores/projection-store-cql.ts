import { concurrently } from "#platform/engines/concurrently.ts";
import type { CqlSession, CqlStatement } from "#platform/engines/cql.ts";
import { maxBatch } from "#platform/engines/cql-limits.ts";
import type { Checkpoint, CheckpointStore } from "#platform/log/checkpoints/checkpoint-store.ts";
import { projectedStatements } from "./projected-statements.ts";
import { type ProjectionStore, projectorName, settledName } from "./projection-store.ts";
import { rowVersion } from "./rows.ts";

/** Most batches under way at the same time: enough for the nodes to work on, and of bounded size. */
const maxInFlight = 32;

/** Rows this old are durable: nodes fsync every 10 s, unless they are told otherwise, and acknowledge before. */
const settleMs = 60_000;

/** Rows of one partition are a batch. The checkpoint is written once all rows are. */
export function createCqlProjection(
  session: CqlSession,
  checkpoints: CheckpointStore,
  now = () => performance.now(),
): ProjectionStore {
  const settle = settleWith(session, checkpoints, now);
  const write = (statements: readonly CqlStatement[]): Promise<void> => {
    const [first] = statements;
    return first && statements.length === 1 ? session.write(first.cql, ...first.params) : session.batch(statements);
  };
  return {
    async apply(shard, rows, checkpoint) {
      const partitions = projectedStatements(rows, rowVersion(checkpoint));
      await concurrently(partitions.flatMap(inBatches), maxInFlight, write);
      await checkpoints.write(projectorName, shard, checkpoint);
      await settle(shard, checkpoint);
    },
    settling: {
      settled: (shard) => checkpoints.read(settledName, shard),
      onReturn: session.onReturn,
    },
  };
}

/**
 * Writes down, for each shard, a checkpoint of a minute ago. Once a machine has come back none from before it will do,
 * and while a stretch is written again none beyond it. Listens for as long as the session lives.
 */
function settleWith(session: CqlSession, checkpoints: CheckpointStore, now: () => number) {
  const ripening = new Map<number, { readonly since: number; readonly checkpoint: Checkpoint }>();
  session.onReturn(() => ripening.clear());
  return async (shard: number, checkpoint: Checkpoint): Promise<void> => {
    const before = ripening.get(shard);
    const isAgain = before !== undefined && rowVersion(checkpoint) < rowVersion(before.checkpoint);
    if (before && !isAgain) {
      if (now() - before.since < settleMs) return;
      await checkpoints.write(settledName, shard, before.checkpoint);
    }
    ripening.set(shard, { since: now(), checkpoint });
  };
}

function inBatches(statements: readonly CqlStatement[]): (readonly CqlStatement[])[] {
  if (statements.length <= maxBatch) return [statements];
  const batches: (readonly CqlStatement[])[] = [];
  for (let from = 0; from < statements.length; from += maxBatch) batches.push(statements.slice(from, from + maxBatch));
  return batches;
}
