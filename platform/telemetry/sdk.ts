import { setTimeout as wait } from "node:timers/promises";
import { DiagLogLevel, diag } from "@opentelemetry/api";
import { startNodeSdk } from "@opentelemetry/sdk-node";
import type { Logger } from "pino";
import { attributes } from "./attributes.ts";
import { createOtelTracing } from "./otel-tracing.ts";
import { flushMs, type Telemetry, type TelemetryOptions } from "./telemetry.ts";

/**
 * Starts the SDK of OpenTelemetry, which reads the rest of its settings from the environment. It exports traces alone:
 * metrics are at `/metrics`, logs on standard error.
 */
export function startSdk({ logger, instance, targets }: TelemetryOptions): Telemetry {
  // An export that still waits for its collector keeps the process from ending.
  process.env.OTEL_EXPORTER_OTLP_TIMEOUT ||= String(flushMs);
  const sdk = startNodeSdk({
    resourceAttributes: {
      ...(process.env.OTEL_SERVICE_NAME ? {} : { [attributes.serviceName]: "parley" }),
      [attributes.serviceInstance]: instance,
      "parley.targets": targets,
    },
    metricReaders: [],
    logRecordProcessors: [],
  });
  const warn = createWarning(logger);
  const ignore = () => {};
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    const late = wait(flushMs, undefined, { ref: false });
    await Promise.race([sdk.shutdown().catch((error: unknown) => warn("the last export failed", error)), late]);
  };
  return {
    tracing: createOtelTracing(),
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** How long nothing more is said of telemetry's own trouble: an exporter without its collector fails every moment. */
const quietMs = 60_000;

function createWarning(logger: Logger): (message: string, ...details: unknown[]) => void {
  let quietUntil = 0;
  return (message, ...details) => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + quietMs;
    logger.warn({ details: details.map(String) }, `telemetry: ${message}`);
  };
}
