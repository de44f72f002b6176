import { Gauge, Histogram, type Registry } from "prom-client";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";

/** The log as the sequencer sees it, with its appends measured. */
export function measureAppends(log: EventLog, registry: Registry): EventLog {
  const seconds = new Histogram({
    name: "parley_log_append_seconds",
    help: "Time until a group is durable, by outcome.",
    labelNames: ["outcome"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  const entries = new Histogram({
    name: "parley_log_group_entries",
    help: "Entries in an appended group.",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [registry],
  });
  return {
    ...log,
    async append(shard, expectedTail, record) {
      const end = seconds.startTimer();
      try {
        const outcome = await log.append(shard, expectedTail, record);
        end({ outcome });
        entries.observe(record.entries.length);
        return outcome;
      } catch (error) {
        end({ outcome: "unknown" });
        throw error;
      }
    },
  };
}

/** How far the store is behind the log, and which shards are stopped: read when they are asked for. */
export function measureShards(following: Following, registry: Registry): void {
  const shards = Array.from({ length: following.shards }, (_, shard) => shard);
  new Gauge({
    name: "parley_store_behind_entries",
    help: "Entries of the log that the store does not hold yet, all shards together.",
    registers: [registry],
    collect() {
      const behind = shards.map((shard) => following.behind(shard).entries);
      this.set(behind.reduce((sum, entries) => sum + entries, 0));
    },
  });
  new Gauge({
    name: "parley_shards_stopped",
    help: "Shards that are stopped because their log is damaged. Anything but 0 needs an operator.",
    registers: [registry],
    collect() {
      this.set(shards.filter((shard) => following.stopped(shard) !== undefined).length);
    },
  });
}
