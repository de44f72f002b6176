import { ConfigError } from "#platform/runtime/config-error.ts";
import type { Env } from "#platform/runtime/config-number.ts";
import type { Telemetry, TelemetryOptions } from "./telemetry.ts";

const endpoints = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/**
 * Whether the standard variables of OpenTelemetry ask for traces: an endpoint or an exporter is named, and nothing
 * turns them off. Throws ConfigError where an endpoint is no URL.
 */
export function asksForTelemetry(env: Env): boolean {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === "true" || env.OTEL_TRACES_EXPORTER === "none") return false;
  for (const name of endpoints) {
    const url = env[name];
    if (url && !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
      throw new ConfigError(`${name} is a URL, such as http://127.0.0.1:4318, not "${url}".`);
    }
  }
  return [...endpoints, "OTEL_TRACES_EXPORTER", "OTEL_CONFIG_FILE"].some((name) => env[name]);
}

/** Starts telemetry where the environment asks for it; else nothing of it is even loaded. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry | undefined> {
  if (!asksForTelemetry(process.env)) return undefined;
  const { startSdk } = await import("./sdk.ts");
  return startSdk(options);
}
