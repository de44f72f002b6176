import { NodeSDK } from "@opentelemetry/sdk-node";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import { createOtelTracing } from "#platform/telemetry/otel-tracing.ts";
import type { Tracing } from "#platform/telemetry/tracing.ts";

/** Tracing of this process, whose spans are kept as they end. One at a time. */
export interface RecordedSpans {
  readonly tracing: Tracing;
  /** Those that ended, in that order. */
  all(): readonly ReadableSpan[];
  named(name: string): ReadableSpan | undefined;
  forget(): void;
  stop(): Promise<void>;
}

export function recordSpans(): RecordedSpans {
  const exporter = new InMemorySpanExporter();
  const sdk = new NodeSDK({
    autoDetectResources: false,
    metricReaders: [],
    logRecordProcessors: [],
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  sdk.start();
  return {
    tracing: createOtelTracing(),
    all: () => exporter.getFinishedSpans(),
    named: (name) => exporter.getFinishedSpans().find((span) => span.name === name),
    forget: () => exporter.reset(),
    stop: () => sdk.shutdown(),
  };
}
