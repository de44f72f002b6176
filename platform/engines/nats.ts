import { setTimeout as pause } from "node:timers/promises";
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { AuthorizationError, connect, type NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { StartError } from "#platform/runtime/start-error.ts";
import { checkMonitors, checkServer, lacksJetStream } from "./nats-checks.ts";
import type { NatsAddress } from "./nats-url.ts";

/** A connection on which two questions asked at this interval stay without an answer is given up for another one. */
export const pingMs = 2_000;
/** How long the start waits for servers that are not there yet, or have no leader. */
export const startMs = 15_000;
/** A server that does not answer is given up after this time, and the next one tried. */
const dialMs = 3_000;
const minRetryMs = 100;
const maxRetryMs = 1_000;
const flushMs = 1_000;

/**
 * One connection to NATS with JetStream. Connecting again goes on for ever; what is published meanwhile waits, and is
 * sent once there is a connection again, so who publishes must bear that it arrives late.
 */
export interface NatsEngine {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly jetstreamManager: JetStreamManager;
  /** Namespace of the installation: prefix of its streams, buckets and subjects. */
  readonly name: string;
  /** Servers that keep a copy of what must not be lost. */
  readonly replicas: number;
  /** Most bytes of the whole log in each copy. */
  readonly maxBytes: number;
  /** Calls the listener when the connection is lost (false) and when there is one again (true). Returns what ends it. */
  watch(listener: (connected: boolean) => void): () => void;
  /** Why it can't be used now, as a sentence for the operator; undefined: it can. */
  notReady(): string | undefined;
  /** Sends what was published, then closes. Closing twice is harmless. */
  close(): Promise<void>;
}

export interface NatsOptions extends NatsAddress {
  /** `http://host:port` of the servers' monitors, where they tell whether they fsync before they acknowledge. */
  readonly monitors: readonly string[];
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly startMs?: number;
}

/** Connects, and throws StartError where the servers can't be reached or can't be trusted with the log. */
export async function openNats(options: NatsOptions): Promise<NatsEngine> {
  const deadline = Date.now() + (options.startMs ?? startMs);
  const connection = await connectBy(deadline, options);
  try {
    checkServer(connection.info, options.replicas);
    const manager = await managerBy(deadline, connection);
    await checkMonitors(options);
    return engineOf(options, connection, manager);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function engineOf(options: NatsOptions, connection: NatsConnection, manager: JetStreamManager): NatsEngine {
  const { name, replicas, maxBytes, servers, logger } = options;
  const listeners = new Set<(connected: boolean) => void>();
  let connected = true;
  let closing: Promise<void> | undefined;
  const settle = (now: boolean) => {
    if (connected === now) return;
    connected = now;
    for (const listener of listeners) listener(now);
  };
  void watchStatus(connection, logger, settle);
  return {
    connection,
    jetstream: jetstream(connection),
    jetstreamManager: manager,
    name,
    replicas,
    maxBytes,
    watch(listener) {
      const own = (now: boolean) => listener(now);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    notReady() {
      if (closing) return "The connection to NATS is closed.";
      return connected ? undefined : `NATS at ${servers.join(", ")} can't be reached: start it, or set PARLEY_LOG.`;
    },
    close() {
      closing ??= closeConnection(connection, () => connected);
      return closing;
    },
  };
}

async function watchStatus(
  connection: NatsConnection,
  logger: Logger,
  settle: (connected: boolean) => void,
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "disconnect") {
      logger.warn({ server: status.server }, "connection to NATS is lost");
      settle(false);
    } else if (status.type === "reconnect") {
      logger.info({ server: status.server }, "connected to NATS again");
      settle(true);
    } else if (status.type === "error") {
      logger.warn({ err: status.error }, "NATS reports an error");
    }
  }
  settle(false);
}

async function closeConnection(connection: NatsConnection, connected: () => boolean): Promise<void> {
  if (connected()) await Promise.race([connection.flush().catch(() => {}), pause(flushMs, undefined, { ref: false })]);
  await connection.close();
}

async function connectBy(deadline: number, { servers, user, password, token, tls }: NatsOptions) {
  for (;;) {
    try {
      return await connect({
        servers: [...servers],
        ...(user ? { user, pass: password } : {}),
        ...(token ? { token } : {}),
        ...(tls ? { tls: {} } : {}),
        name: "parley",
        timeout: dialMs,
        maxReconnectAttempts: -1,
        // A user that is refused now may be let in later: servers take their settings anew while they run.
        ignoreAuthErrorAbort: true,
        reconnectDelayHandler: () => minRetryMs + Math.random() * (maxRetryMs - minRetryMs),
        pingInterval: pingMs,
        maxPingOut: 2,
        noAsyncTraces: true,
      });
    } catch (error) {
      const place = `NATS at ${servers.join(", ")}`;
      if (error instanceof AuthorizationError) {
        throw new StartError(`${place} refuses this user: set user and password, or the token, in PARLEY_LOG.`, {
          cause: error,
        });
      }
      if (Date.now() + maxRetryMs > deadline) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new StartError(`${place} can't be reached (${reason}): start it, or set PARLEY_LOG.`, { cause: error });
      }
      await pause(maxRetryMs / 2);
    }
  }
}

async function managerBy(deadline: number, connection: NatsConnection): Promise<JetStreamManager> {
  for (;;) {
    try {
      return await jetstreamManager(connection);
    } catch (error) {
      const refusal = lacksJetStream(error, Date.now() + maxRetryMs > deadline);
      if (refusal) throw new StartError(refusal, { cause: error });
      await pause(maxRetryMs / 2);
    }
  }
}
