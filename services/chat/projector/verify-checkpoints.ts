import type { CheckpointStore } from "#platform/log/checkpoints/checkpoint-store.ts";
import type { Following } from "#platform/log/following.ts";
import { projectorName } from "../stores/projection-store.ts";
import { entryHash } from "./projector.ts";

/**
 * Stops each shard whose log does not hold what the store has applied last: the log was lost or rolled back, and going
 * on would give numbers out twice. Only a restore, which begins the next incarnation, mends it.
 */
export async function verifyCheckpoints(checkpoints: CheckpointStore, following: Following): Promise<void> {
  for (let shard = 0; shard < following.shards; shard++) {
    const checkpoint = await checkpoints.read(projectorName, shard);
    if (!checkpoint || checkpoint.position === 0) continue;
    const { position, entryHash: applied } = checkpoint;
    const [entry] = following.above(shard, position - 1, 1) ?? [];
    if (entry?.position === position && Buffer.compare(entryHash(entry), applied) === 0) continue;
    following.stop(shard, `the log does not hold position ${position} as the store has applied it`);
  }
}
