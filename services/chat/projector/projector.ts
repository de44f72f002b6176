import type { Logger } from "pino";
import type { Leases } from "#platform/fleet/leases.ts";
import type { CheckpointStore } from "#platform/log/checkpoints/checkpoint-store.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import type { ConversationStore } from "../stores/conversation-store.ts";
import type { HistoryStore } from "../stores/history-store.ts";
import type { ProjectionStore } from "../stores/projection-store.ts";
import { ShardProjector } from "./shard-projector.ts";

/** Group of the leases whose keys are the shards that are projected. */
const projectorGroup = "projector";

export interface ProjectorOptions {
  readonly following: Following;
  readonly log: EventLog;
  /** Who should project which shard. */
  readonly leases: Leases;
  readonly checkpoints: CheckpointStore;
  readonly conversations: ConversationStore;
  readonly history: HistoryStore;
  readonly projection: ProjectionStore;
  readonly logger: Logger;
  /** Around the writing of each batch, for measures and spans. */
  readonly watch?: WatchBatch;
}

/** Writes a batch of one shard's entries by calling `write`. */
export type WatchBatch = (
  shard: number,
  entries: readonly FollowedEntry[],
  write: () => Promise<void>,
) => Promise<void>;

export interface Projector {
  /** Whether the shard is projected here. */
  holds(shard: number): boolean;
  /** Why the store is not being written, or undefined. */
  failing(): string | undefined;
  /** Writes what has been followed so far, then ends. Doing it twice is harmless. */
  stop(): Promise<void>;
}

/** Writes the followed log of the shards that it comes to hold into the store, each from its checkpoint on. */
export function startProjector(options: ProjectorOptions): Projector {
  const { following, leases } = options;
  const shards = Array.from({ length: following.shards }, (_, shard) => new ShardProjector(shard, options));
  const unlisten = following.listen((entry) => shards[entry.shard]?.wake());
  const unwatch = options.projection.settling?.onReturn(() => {
    for (const shard of shards) shard.distrust();
  });
  const competition = leases.compete(projectorGroup, shards.length, {
    gained: (shard) => shards[shard]?.gain(),
    lost: async (shard) => await shards[shard]?.lose(),
  });
  return {
    holds: (shard) => shards[shard]?.isHeld === true,
    failing: () => shards.map((shard) => shard.failure).find((failure) => failure !== undefined),
    async stop() {
      await competition.stop();
      unlisten();
      unwatch?.();
    },
  };
}
