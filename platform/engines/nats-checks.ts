import { JetStreamApiError } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { Gauge, type Registry } from "prom-client";
import { maxRecordBytes } from "#platform/log/event-log.ts";
import { StartError } from "#platform/runtime/start-error.ts";

/** Oldest version without a known way to lose what it has acknowledged. */
export const natsFloor = [2, 14, 5] as const;
/** What a record takes on the wire beside its bytes. */
const overheadBytes = 4096;
const monitorMs = 2_000;

/** Throws StartError where the server is too old, takes too little, or stands alone where copies are asked for. */
export function checkServer(info: NatsConnection["info"], replicas: number): void {
  if (!info) throw new StartError("NATS did not tell what it is: check that PARLEY_LOG leads to a NATS server.");
  checkVersion(info.server_name, info.version);
  if (info.max_payload < maxRecordBytes + overheadBytes) {
    throw new StartError(
      `NATS takes messages of at most ${info.max_payload} bytes: set its max_payload to 1MB or more.`,
    );
  }
  if (replicas > 1 && !info.cluster) {
    throw new StartError(
      `PARLEY_LOG asks for ${replicas} replicas, but ${info.server_name} is not in a cluster: start one of ${replicas} servers, or set replicas=1.`,
    );
  }
}

function checkVersion(server: string, version: string): void {
  const parts = version.split(/[.-]/).slice(0, 3).map(Number);
  for (const [index, floor] of natsFloor.entries()) {
    const part = parts[index] ?? 0;
    if (part > floor) return;
    if (!(part >= floor)) {
      throw new StartError(
        `NATS server ${server} is version ${version}: Parley needs ${natsFloor.join(".")} or later.`,
      );
    }
  }
}

/** The sentence for an account or server without JetStream; undefined: ask again, it may still be starting. */
export function lacksJetStream(error: unknown, isLast: boolean): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === "JetStreamNotEnabled" && (isLast || error.cause instanceof JetStreamApiError)) {
    return "The account of NATS that PARLEY_LOG names has no JetStream: enable it for the servers and the account.";
  }
  if (!isLast) return undefined;
  return `JetStream does not answer (${error.message}): check that most servers of the cluster run.`;
}

export interface Monitored {
  readonly monitors: readonly string[];
  readonly logger: Logger;
  readonly metrics: Registry;
}

/**
 * Asks each monitor whether its server fsyncs before it acknowledges. Throws StartError where one does not, or none of
 * them answers. What could not be asked is a warning, and a metric for alerts.
 */
export async function checkMonitors({ monitors, logger, metrics }: Monitored): Promise<void> {
  const known = new Gauge({
    name: "parley_nats_sync_always",
    help: "1 where all servers of NATS are known to fsync before they acknowledge, 0 where that is not known.",
    registers: [metrics],
  });
  known.set(0);
  if (monitors.length === 0) {
    logger.warn("whether NATS fsyncs before it acknowledges is not known: set PARLEY_NATS_MONITOR");
    return;
  }
  const answers = await Promise.allSettled(monitors.map(checkMonitor));
  const silent: string[] = [];
  for (const [index, answer] of answers.entries()) {
    if (answer.status === "fulfilled") continue;
    if (answer.reason instanceof StartError) throw answer.reason;
    silent.push(String(monitors[index]));
  }
  if (silent.length === monitors.length) {
    throw new StartError(
      `No monitor of NATS answers at ${silent.join(", ")}: set its http_port, or PARLEY_NATS_MONITOR.`,
    );
  }
  if (silent.length === 0) known.set(1);
  else logger.warn({ silent }, "some monitors of NATS do not answer: whether those servers fsync is not known");
}

interface Varz {
  readonly server_name?: string;
  readonly version?: string;
  readonly jetstream?: { readonly config?: { readonly sync_always?: boolean } };
}

async function checkMonitor(monitor: string): Promise<void> {
  const response = await fetch(new URL("/varz", monitor), { signal: AbortSignal.timeout(monitorMs) });
  if (!response.ok) throw new Error(`${monitor} answers ${response.status}`);
  const varz = (await response.json()) as Varz;
  const server = varz.server_name ?? monitor;
  checkVersion(server, varz.version ?? "");
  if (varz.jetstream?.config?.sync_always !== true) {
    throw new StartError(
      `NATS server ${server} acknowledges before it fsyncs: set sync_interval to "always" in its jetstream settings.`,
    );
  }
}
