import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Gauge, Histogram, type Registry } from "prom-client";
import type { Clock } from "#platform/runtime/clock.ts";
import type { FollowedEntry, Following } from "./following.ts";

/** Events that are older were brought over from elsewhere, or followed as the process caught up: they tell no delay. */
export const maxDelayMs = 600_000;

/** Measures how this process follows the log. Returns what ends it. */
export function measureFollowing(following: Following, registry: Registry, clock: Clock): () => void {
  const shards = Array.from({ length: following.shards }, (_, shard) => shard);
  const registers = [registry];
  new Gauge({
    name: "parley_log_tail",
    help: "Last position of the shard that this process has followed, by shard.",
    labelNames: ["shard"],
    registers,
    collect() {
      for (const shard of shards) this.set({ shard }, following.tail(shard));
    },
  });
  new Gauge({
    name: "parley_shards_stopped",
    help: "Shards that are stopped because their log is damaged. Anything but 0 needs an operator.",
    registers,
    collect() {
      this.set(shards.filter((shard) => following.stopped(shard) !== undefined).length);
    },
  });
  const seconds = new Histogram({
    name: "parley_log_follow_seconds",
    help: "Time from an event's decision until this process has followed it; at most one a millisecond is measured.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
    registers,
  });
  return following.listen(delayObserver(clock, (ms) => seconds.observe(ms / 1000)));
}

/** Looks at the first entry of each millisecond: those of one group come together and are as late. */
function delayObserver(clock: Clock, observe: (ms: number) => void): (entry: FollowedEntry) => void {
  let last = 0;
  return (entry) => {
    const now = clock();
    if (now === last) return;
    last = now;
    const { time } = entry.event;
    const delay = time ? now - timestampMs(time) : maxDelayMs;
    if (delay < maxDelayMs) observe(Math.max(0, delay));
  };
}
