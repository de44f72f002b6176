import { Counter, Histogram, type Registry } from "prom-client";
import type { EventLog } from "#platform/log/event-log.ts";

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
  const takeovers = new Counter({
    name: "parley_takeovers_total",
    help: "Shards that this process has taken, at its start or from another process, and after unknown outcomes.",
    registers: [registry],
  });
  return {
    ...log,
    async append(shard, expectedTail, record) {
      const end = seconds.startTimer();
      try {
        const outcome = await log.append(shard, expectedTail, record);
        end({ outcome });
        if (record.owner === "") entries.observe(record.entries.length);
        else if (outcome === "appended") takeovers.inc();
        return outcome;
      } catch (error) {
        end({ outcome: "unknown" });
        throw error;
      }
    },
  };
}
