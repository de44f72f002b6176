import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { traceConsumer } from "#platform/telemetry/log-spans.ts";
import type { Tracing } from "#platform/telemetry/tracing.ts";
import type { WatchBatch } from "./projector.ts";

export interface BatchWatchDeps {
  readonly following: Following;
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly tracing?: Tracing | undefined;
  /** The engine of the log, by the name that spans tell. */
  readonly logSystem: string;
}

/** Measures how the store is written and how far it is behind; with telemetry on, each batch is a span. */
export function watchBatches({ following, metrics, clock, tracing, logSystem }: BatchWatchDeps): WatchBatch {
  measureLag(following, metrics, clock);
  const registers = [metrics];
  const seconds = new Histogram({
    name: "parley_projector_batch_seconds",
    help: "Time until a batch of entries is in the store, by outcome.",
    labelNames: ["outcome"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15],
    registers,
  });
  const entriesTotal = new Counter({
    name: "parley_projector_entries_total",
    help: "Entries of the log that this process has written to the store.",
    registers,
  });
  const trace = tracing && traceConsumer("projector", tracing, logSystem);
  return async (shard, entries, write) => {
    const end = seconds.startTimer();
    try {
      await (trace ? trace(shard, entries, write) : write());
      end({ outcome: "written" });
      entriesTotal.inc(entries.length);
    } catch (error) {
      end({ outcome: "failed" });
      throw error;
    }
  };
}

function measureLag(following: Following, metrics: Registry, clock: Clock): void {
  const shards = Array.from({ length: following.shards }, (_, shard) => shard);
  new Gauge({
    name: "parley_projector_lag_entries",
    help: "Entries of the log that the store does not hold yet, as far as this process knows, by shard.",
    labelNames: ["shard"],
    registers: [metrics],
    collect() {
      for (const shard of shards) this.set({ shard }, following.behind(shard).entries);
    },
  });
  new Gauge({
    name: "parley_projector_lag_seconds",
    help: "Age of the oldest entry that the store does not hold yet, by shard; 0: it holds all.",
    labelNames: ["shard"],
    registers: [metrics],
    collect() {
      for (const shard of shards) this.set({ shard }, ageOf(oldestPending(following, shard), clock()) / 1000);
    },
  });
}

function oldestPending(following: Following, shard: number): FollowedEntry | undefined {
  return following.above(shard, following.watermark(shard), 1)?.[0];
}

function ageOf(entry: FollowedEntry | undefined, nowMs: number): number {
  return entry?.event.time ? Math.max(0, nowMs - timestampMs(entry.event.time)) : 0;
}
