import { Redis } from "ioredis";
import type { Logger } from "pino";
import { StartError } from "#platform/runtime/start-error.ts";
import { placeOf, type RedisAddress } from "./redis-url.ts";

/** Oldest version with what is used: scripts that ask for the time and write, `SET … KEEPTTL`. */
export const redisFloor = [6, 2] as const;
/** A command without an answer fails after this time. */
export const commandMs = 1_000;
/** A connection on which an answer is due and nothing comes is given up after this time, and another one opened. */
export const silenceMs = 2_000;
/** How long the start waits for a first connection. */
export const startMs = 2_000;
const maxRetryMs = 2_000;

/**
 * One Redis. What is kept there may be lost at any time, and it may be away for as long as it likes: who uses it goes on
 * without it. Nothing waits for it to come back: without a connection a command fails at once, and commands under way
 * fail with their connection. Connecting goes on for ever.
 */
export interface RedisEngine {
  readonly client: Redis;
  /** Whether a command has a chance now. */
  available(): boolean;
  /** Why it is not available, as a sentence for the operator; undefined: it is. */
  notReady(): string | undefined;
  /** Closing twice is harmless. */
  close(): Promise<void>;
}

export interface RedisOptions {
  readonly url: RedisAddress;
  /** In front of each key: installations and their parts keep apart by it. */
  readonly keyPrefix: string;
  readonly logger: Logger;
}

/**
 * Connects. A Redis that can't be reached is logged and waited for in the background, since nothing depends on it. Throws
 * StartError where it answers and is not what it should be: too old, or not willing to let this user in.
 */
export async function openRedis({ url, keyPrefix, logger }: RedisOptions): Promise<RedisEngine> {
  const place = placeOf(url);
  const client = new Redis(optionsOf(url, keyPrefix));
  const health = watchHealth(client, place, logger);
  let closing: Promise<void> | undefined;
  const engine: RedisEngine = {
    client,
    available: () => !closing && health.trouble() === undefined,
    notReady: () => (closing ? "The connection to Redis is closed." : health.trouble()),
    close() {
      closing ??= disconnect(client);
      return closing;
    },
  };
  await health.first(startMs);
  const refusal = health.refusal();
  if (refusal === undefined) return engine;
  await engine.close();
  throw new StartError(refusal);
}

function optionsOf({ host, port, tls, user, password, database }: RedisAddress, keyPrefix: string) {
  return {
    host,
    port,
    ...(tls ? { tls: { servername: host } } : {}),
    ...(user === "" ? {} : { username: user }),
    ...(password === "" ? {} : { password }),
    db: database,
    keyPrefix,
    connectionName: "parley",
    connectTimeout: silenceMs,
    socketTimeout: silenceMs,
    commandTimeout: commandMs,
    enableOfflineQueue: false,
    // A command whose outcome is unknown is never sent a second time.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt: number) =>
      Math.min(50 * 2 ** Math.min(attempt, 10), maxRetryMs) * (0.5 + Math.random() / 2),
    // After a failover the address may lead to what is a replica now.
    reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
  };
}

interface Health {
  trouble(): string | undefined;
  /** Why a Redis that answers can't be used. */
  refusal(): string | undefined;
  /** Resolves once it is known how the first connection went, or after the time. */
  first(ms: number): Promise<void>;
}

function watchHealth(client: Redis, place: string, logger: Logger): Health {
  let isGood = false;
  let refusal: string | undefined;
  let reason = "no connection yet";
  const known = Promise.withResolvers<void>();
  const settle = (error?: unknown) => {
    refusal = error === undefined ? undefined : refusalOf(error, place);
    if (error === undefined && !isGood) logger.info({ redis: place }, "Redis is there");
    if (error !== undefined && (isGood || reason !== String(error))) {
      logger.warn({ redis: place, err: error }, "Redis is away; what it keeps is kept in each process meanwhile");
    }
    isGood = error === undefined;
    reason = String(error);
    if (isGood || refusal !== undefined) known.resolve();
  };
  client.on("ready", () =>
    client
      .info("server")
      .then(refuseOld)
      .then(() => settle(), settle),
  );
  client.on("error", settle);
  client.on("close", () => isGood && settle(new Error("the connection was closed")));
  return {
    trouble() {
      if (isGood && client.status === "ready") return undefined;
      return refusal ?? `Redis at ${place} can't be reached (${reason}): start it, or set PARLEY_EPHEMERAL.`;
    },
    refusal: () => refusal,
    async first(ms) {
      const timer = setTimeout(known.resolve, ms);
      await known.promise;
      clearTimeout(timer);
    },
  };
}

/** Redis answered and can't be used. */
class Refused extends Error {}

function refuseOld(info: string): void {
  const version = /^redis_version:(\d+)\.(\d+)/m.exec(info);
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  if (major > redisFloor[0] || (major === redisFloor[0] && minor >= redisFloor[1])) return;
  throw new Refused(version ? `is version ${major}.${minor}` : "does not tell its version");
}

function refusalOf(error: unknown, place: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const floor = redisFloor.join(".");
  if (error instanceof Refused) return `Redis at ${place} ${error.message}: Parley needs ${floor} or later.`;
  if (!/^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR DB index)/.test(error.message)) return undefined;
  return `Redis at ${place} refuses this user (${error.message}): set user, password and database in PARLEY_EPHEMERAL.`;
}

async function disconnect(client: Redis): Promise<void> {
  if (client.status === "ready") await client.quit().catch(() => {});
  client.disconnect();
}
