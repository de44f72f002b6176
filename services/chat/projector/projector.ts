import { createHash } from "node:crypto";
import type { Logger } from "pino";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import type { ConversationStore } from "../stores/conversation-store.ts";
import type { HistoryStore } from "../stores/history-store.ts";
import type { ProjectionStore } from "../stores/projection-store.ts";
import { Projection } from "./projection.ts";

/** Most entries that one write to the store covers. */
const maxEntries = 512;
/** How long entries gather before they are written: those that come meanwhile share a commit. Reads never wait for it. */
const gatherMs = 50;
/** How long to wait after a failed write before the same stretch is tried again. */
const retryMs = 500;

export interface ProjectorOptions {
  readonly following: Following;
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
  /** Why the store is not being written, or undefined. */
  failing(): string | undefined;
  /** Writes what has been followed so far, then ends. Doing it twice is harmless. */
  stop(): Promise<void>;
}

/** Writes the followed log into the store, each shard from its checkpoint on. */
export function startProjector(options: ProjectorOptions): Projector {
  const { following } = options;
  const shards = Array.from({ length: following.shards }, (_, shard) => new ShardProjector(shard, options));
  const unlisten = following.listen((entry) => shards[entry.shard]?.wake());
  for (const shard of shards) shard.wake();
  return {
    failing: () => shards.map((shard) => shard.failure).find((failure) => failure !== undefined),
    async stop() {
      unlisten();
      await Promise.all(shards.map((shard) => shard.stop()));
    },
  };
}

class ShardProjector {
  failure: string | undefined;
  readonly #shard: number;
  readonly #options: ProjectorOptions;
  #running: Promise<void> | undefined;
  #waiting: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(shard: number, options: ProjectorOptions) {
    this.#shard = shard;
    this.#options = options;
  }

  /** Entries were followed: they are written soon. */
  wake(): void {
    if (!this.#running && !this.#waiting && !this.#stopping) this.#runAfter(gatherMs);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#waiting);
    await this.#running;
    await this.#run();
  }

  #runAfter(ms: number): void {
    const run = () => {
      this.#waiting = undefined;
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        if (this.#stopping) return;
        if (this.failure) this.#runAfter(retryMs);
        else if (this.#pending().length > 0) this.wake();
      });
    };
    this.#waiting = setTimeout(run, ms).unref();
  }

  #pending(): FollowedEntry[] {
    const { following } = this.#options;
    return following.above(this.#shard, following.watermark(this.#shard), maxEntries) ?? [];
  }

  async #run(): Promise<void> {
    try {
      for (let entries = this.#pending(); entries.length > 0; entries = this.#pending()) await this.#watched(entries);
      this.failure = undefined;
    } catch (error) {
      this.failure = `shard ${this.#shard} can't be projected`;
      this.#options.logger.error({ err: error, shard: this.#shard }, "projector failed");
    }
  }

  async #watched(entries: readonly FollowedEntry[]): Promise<void> {
    const { watch } = this.#options;
    if (watch) await watch(this.#shard, entries, () => this.#project(entries));
    else await this.#project(entries);
  }

  async #project(entries: readonly FollowedEntry[]): Promise<void> {
    const { conversations, history, projection, following } = this.#options;
    const folded = new Projection({ conversations, history });
    for (const entry of entries) await folded.apply(entry);
    const last = entries.at(-1);
    if (!last) return;
    const { position, incarnation } = last;
    await projection.apply(this.#shard, folded.rows(), { position, incarnation, entryHash: entryHash(last) });
    following.projected(this.#shard, position);
  }
}

/** Identifies an entry whatever happens to its message later: numbers and client id, not content. */
export function entryHash(entry: Pick<FollowedEntry, "conversationId" | "seq" | "position" | "header">): Uint8Array {
  const { conversationId, seq, position, header } = entry;
  return createHash("sha256")
    .update(JSON.stringify([conversationId, seq, position, header.clientId]))
    .digest();
}
