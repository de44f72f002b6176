import type { Logger } from "pino";
import type { CheckpointStore } from "#platform/log/checkpoints/checkpoint-store.ts";
import type { Following } from "#platform/log/following.ts";
import { projectorName } from "../stores/projection-store.ts";

/** How often it is read how far other processes have come: until then the ring keeps what the store holds already. */
export const checkpointMs = 1_000;

export interface FollowCheckpointsOptions {
  readonly checkpoints: CheckpointStore;
  readonly following: Following;
  readonly logger: Logger;
  /** Whether this process projects the shard itself, and knows without reading. */
  readonly isProjectedHere: (shard: number) => boolean;
}

/** Tells the following what other processes have written to the store. Returns what ends it; twice is harmless. */
export function followCheckpoints(options: FollowCheckpointsOptions): () => void {
  let isReading = false;
  const look = async () => {
    if (isReading) return;
    isReading = true;
    try {
      await readAll(options);
    } catch (error) {
      options.logger.warn({ err: error }, "checkpoints can't be read");
    } finally {
      isReading = false;
    }
  };
  const timer = setInterval(() => void look(), checkpointMs).unref();
  return () => clearInterval(timer);
}

async function readAll({ checkpoints, following, isProjectedHere }: FollowCheckpointsOptions): Promise<void> {
  const shards = Array.from({ length: following.shards }, (_, shard) => shard);
  const elsewhere = shards.filter((shard) => !isProjectedHere(shard));
  await Promise.all(
    elsewhere.map(async (shard) => {
      const checkpoint = await checkpoints.read(projectorName, shard);
      if (checkpoint) following.projected(shard, checkpoint.position);
    }),
  );
}
