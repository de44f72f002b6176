import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Histogram, type Registry } from "prom-client";
import type { FollowedEntry } from "#platform/log/following.ts";
import { maxDelayMs } from "#platform/log/following-metrics.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { attributes } from "#platform/telemetry/attributes.ts";
import { isSampled } from "#platform/telemetry/traceparent.ts";
import type { Span, Tracing } from "#platform/telemetry/tracing.ts";

/** An entry that streams were told, until it is written to them. */
interface Told {
  readonly entry: FollowedEntry;
  readonly span: Span | undefined;
}

export interface ToldEntriesDeps {
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly tracing?: Tracing | undefined;
}

/**
 * Around the telling of entries: measures how long each takes from its decision until this process has written it to
 * the streams that it concerns, and with telemetry on is a span of it, one for each entry and process.
 */
export function watchTold(
  { metrics, clock, tracing }: ToldEntriesDeps,
  tell: (entry: FollowedEntry) => number,
): (entry: FollowedEntry) => void {
  const seconds = new Histogram({
    name: "parley_send_to_deliver_seconds",
    help: "Time from an event's decision until it is written to the streams of this process that it concerns.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10],
    registers: [metrics],
  });
  let waiting: Told[] = [];
  const written = () => {
    const now = clock();
    for (const { entry, span } of waiting) {
      const delay = now - (entry.event.time ? timestampMs(entry.event.time) : now);
      if (delay < maxDelayMs) seconds.observe(Math.max(0, delay) / 1000);
      span?.end();
    }
    waiting = [];
  };
  return (entry) => {
    const startMs = tracing && clock();
    const streams = tell(entry);
    if (streams === 0) return;
    // Streams are written at the end of the turn, by what the telling has scheduled: this comes after it.
    if (waiting.length === 0) setImmediate(written);
    waiting.push({ entry, span: tracing && beginDelivery(tracing, entry, streams, startMs) });
  };
}

function beginDelivery(
  tracing: Tracing,
  { header, shard, position, seq }: FollowedEntry,
  streams: number,
  startMs: number | undefined,
): Span | undefined {
  if (!isSampled(header.traceparent)) return undefined;
  return tracing.begin("deliver", {
    kind: "consumer",
    parent: header.traceparent,
    ...(startMs === undefined ? {} : { startMs }),
    attributes: {
      [attributes.messagingOperation]: "deliver",
      [attributes.messagingOperationType]: "process",
      [attributes.messagingDestination]: "log",
      [attributes.messagingPartition]: String(shard),
      [attributes.messagingMessageId]: String(position),
      "parley.seq": seq,
      "parley.streams": streams,
    },
  });
}
