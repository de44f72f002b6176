import type { Logger } from "pino";
import type { Tracing } from "./tracing.ts";

/** Telemetry that is on. */
export interface Telemetry {
  readonly tracing: Tracing;
  /** Exports what was recorded, within `flushMs`; what takes longer is lost. Stopping twice is harmless. */
  stop(): Promise<void>;
}

export interface TelemetryOptions {
  readonly logger: Logger;
  /** Names this process among those of the installation. */
  readonly instance: string;
  /** What runs in it, such as "gateway,chat". */
  readonly targets: string;
}

/** How long the end of the process waits for the last export. */
export const flushMs = 3_000;
