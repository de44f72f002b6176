import type { Record as LogRecord } from "#gen/parley/log/v1/record_pb.js";
import type { EventLog } from "#platform/log/event-log.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { attributes } from "./attributes.ts";
import { isSampled } from "./traceparent.ts";
import type { SpanAttributes, SpanStart, Tracing } from "./tracing.ts";

/** The log, with the appending of each group as a span of the commands in it. */
export function traceAppends(log: EventLog, tracing: Tracing, system: string): EventLog {
  return {
    ...log,
    append(shard, expectedTail, record) {
      const contexts = recordedIn(record.entries);
      if (contexts.length === 0) return log.append(shard, expectedTail, record);
      const given = logAttributes("send", system, shard, record.entries.length);
      return tracedForAll(tracing, "send log", { kind: "producer", attributes: given }, contexts, () =>
        log.append(shard, expectedTail, record),
      );
    },
  };
}

/** Runs what a consumer of the log does with a stretch of a shard as a span of the commands in it. */
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
    return tracedForAll(tracing, "process log", { kind: "consumer", attributes: given }, contexts, consume);
  };
}

/**
 * Work that serves many commands at once is a span in the trace of each, so that every trace shows the whole way of its
 * command. It is done as a part of the first, which links to all the commands; the others link to that one.
 */
async function tracedForAll<T>(
  tracing: Tracing,
  name: string,
  start: Pick<SpanStart, "kind" | "attributes">,
  [first = "", ...others]: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const leading = tracing.begin(name, { ...start, parent: first, links: [first, ...others] });
  const links = [leading.traceparent];
  const beside = others.map((parent) => tracing.begin(name, { ...start, parent, links }));
  try {
    const result = await leading.run(work);
    for (const span of [leading, ...beside]) span.end();
    return result;
  } catch (error) {
    for (const span of [leading, ...beside]) span.end(error instanceof Error ? error.name : "Error");
    throw error;
  }
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
