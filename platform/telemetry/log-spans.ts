import type { Record as LogRecord } from "#gen/parley/log/v1/record_pb.js";
import type { EventLog } from "#platform/log/event-log.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { attributes } from "./attributes.ts";
import { isSampled } from "./traceparent.ts";
import { type SpanAttributes, type SpanStart, type Tracing, traced } from "./tracing.ts";

/** The log, with the appending of each group as a span that links to the commands in it. */
export function traceAppends(log: EventLog, tracing: Tracing, system: string): EventLog {
  return {
    ...log,
    append(shard, expectedTail, record) {
      const contexts = recordedIn(record.entries);
      if (contexts.length === 0) return log.append(shard, expectedTail, record);
      const span = tracing.begin("send log", {
        kind: "producer",
        ...causedBy(contexts),
        attributes: logAttributes("send", system, shard, record.entries.length),
      });
      return traced(span, async () => {
        const outcome = await log.append(shard, expectedTail, record);
        span.set({ "parley.log.outcome": outcome });
        return outcome;
      });
    },
  };
}

/** Runs what a consumer of the log does with a stretch of a shard as a span that links to the commands in it. */
export type TraceConsumer = (
  shard: number,
  entries: readonly FollowedEntry[],
  consume: () => Promise<void>,
) => Promise<void>;

export function traceConsumer(consumer: string, tracing: Tracing, system: string): TraceConsumer {
  return (shard, entries, consume) => {
    const contexts = recordedIn(entries);
    if (contexts.length === 0) return consume();
    const given = {
      ...logAttributes("process", system, shard, entries.length),
      [attributes.messagingConsumerGroup]: consumer,
    };
    return traced(
      tracing.begin("process log", { kind: "consumer", ...causedBy(contexts), attributes: given }),
      consume,
    );
  };
}

/**
 * What serves many commands belongs to the trace of the first, so that one trace shows a command's whole way where it
 * went alone, and is recorded wherever one of them is; it links to all of them.
 */
function causedBy(contexts: readonly string[]): Pick<SpanStart, "parent" | "links"> {
  return { parent: contexts[0] ?? "", links: contexts };
}

/** The contexts that entries carry, of spans that are recorded; each once. */
function recordedIn(entries: LogRecord["entries"] | readonly Pick<FollowedEntry, "header">[]): string[] {
  const contexts = new Set<string>();
  for (const { header } of entries) if (header && isSampled(header.traceparent)) contexts.add(header.traceparent);
  return [...contexts];
}

export function logAttributes(
  operation: "create" | "send" | "process",
  system: string,
  shard: number,
  count: number,
): SpanAttributes {
  return {
    [attributes.messagingSystem]: system,
    [attributes.messagingOperation]: operation,
    [attributes.messagingOperationType]: operation,
    [attributes.messagingDestination]: "log",
    [attributes.messagingPartition]: String(shard),
    [attributes.messagingBatchCount]: count,
  };
}
