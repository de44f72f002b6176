import { shardOf } from "#platform/runtime/ids.ts";
import { FollowedShard, silenceMs } from "./followed-shard.ts";
import type { FollowedEntry, Following } from "./following.ts";
import type { FollowingOptions } from "./following-options.ts";
import { RingBudget } from "./ring-budget.ts";

export interface RunningFollowing extends Following {
  /** Ends following; doing it twice is harmless. */
  close(): void;
}

const defaultMaxBytes = 256 * 1024 * 1024;

/** Follows all shards; resolves once each has been followed to the tail that it had at the time of the call. */
export async function openFollowing(options: FollowingOptions): Promise<RunningFollowing> {
  const ending = new AbortController();
  const listeners = new Set<(entry: FollowedEntry) => void>();
  const budget = new RingBudget(options.maxBytes ?? defaultMaxBytes);
  const shards: FollowedShard[] = [];
  for (let shard = 0; shard < options.shards; shard++) {
    const watermark = await options.watermark(shard);
    shards.push(new FollowedShard(shard, watermark, options, listeners, budget, ending.signal));
  }
  const silence = setInterval(() => shards.forEach((shard) => void shard.askIfSilent()), silenceMs / 3).unref();
  ending.signal.addEventListener("abort", () => clearInterval(silence), { once: true });
  await Promise.all(shards.map((shard) => shard.begin()));
  const of = (shard: number): FollowedShard => {
    const followed = shards[shard];
    if (!followed) throw new RangeError(`there is no shard ${shard}`);
    return followed;
  };
  return {
    shards: options.shards,
    tail: (shard) => of(shard).tail,
    epoch: (shard) => of(shard).epoch,
    incarnation: (shard) => of(shard).incarnation,
    stopped: (shard) => of(shard).stopped,
    stop: (shard, reason) => of(shard).stop(reason),
    reached: (shard, position, timeoutMs, signal) => of(shard).reached(position, timeoutMs, signal),
    ringStart: (shard) => of(shard).ring.start,
    above: (shard, position, limit) => of(shard).ring.above(position, limit),
    ofConversation: (id, position, limit) => of(shardOf(id)).ring.ofConversation(id, position, limit),
    lastOf: (id) => of(shardOf(id)).ring.lastOf(id),
    projected: (shard, position) => of(shard).projected(position),
    behind: (shard) => of(shard).behind,
    watermark: (shard) => of(shard).watermark,
    listen(listener) {
      const own = (entry: FollowedEntry) => listener(entry);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    close: () => ending.abort(),
  };
}
