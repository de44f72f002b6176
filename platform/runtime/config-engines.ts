import { resolve } from "node:path";
import { type CqlSettings, parseCqlUrl } from "#platform/engines/cql-url.ts";
import { type NatsAddress, parseNatsUrl } from "#platform/engines/nats-url.ts";
import { parseRedisUrl, type RedisAddress } from "#platform/engines/redis-url.ts";
import { ConfigError } from "./config-error.ts";
import type { Env } from "./config-number.ts";

/** What data is kept in. Each is chosen by a URL, and its scheme says which engine. */
export interface EngineSettings {
  readonly log: SqliteEngine | NatsLog;
  readonly store: SqliteEngine | CqlStore;
  readonly ephemeral: { readonly kind: "memory" } | RedisEphemeral;
  readonly blobs: { readonly kind: "file"; readonly path: string };
}

export interface SqliteEngine {
  readonly kind: "sqlite";
  readonly path: string;
  /** "full": a commit returns after its fsync. "off" loses acknowledged data with the machine's power: tests only. */
  readonly synchronous: "full" | "off";
}

export interface NatsLog extends NatsAddress {
  readonly kind: "nats";
  /** Monitors of the servers, where they tell whether they fsync before they acknowledge. */
  readonly monitors: readonly string[];
}

export interface CqlStore extends CqlSettings {
  readonly kind: "cql";
}

export interface RedisEphemeral extends RedisAddress {
  readonly kind: "redis";
}

/** Reads where data is kept. Throws ConfigError where a URL is malformed. */
export function readEngines(env: Env, dataDir: string): EngineSettings {
  return {
    log: readLog(env, dataDir),
    store: readStore(env.PARLEY_STORE || "sqlite:", dataDir),
    ephemeral: readEphemeral(env.PARLEY_EPHEMERAL || "memory:"),
    blobs: readBlobs(env.PARLEY_BLOBS || "file:", resolve(dataDir, "blobs")),
  };
}

function readLog(env: Env, dataDir: string): EngineSettings["log"] {
  const text = env.PARLEY_LOG || "sqlite:";
  const monitors = (env.PARLEY_NATS_MONITOR ?? "").split(",").filter((url) => url !== "");
  if (/^(nats|tls):/.test(text)) {
    return { kind: "nats", ...parsed("PARLEY_LOG", parseNatsUrl, text), monitors: monitors.map(readMonitor) };
  }
  if (monitors.length > 0) throw new ConfigError("PARLEY_NATS_MONITOR is for a log on NATS: set PARLEY_LOG=nats://….");
  return readSqlite("PARLEY_LOG", text, resolve(dataDir, "log.db"), "nats:");
}

/** What parsers say of a malformed URL holds nothing of it. */
function parsed<Address>(name: string, parse: (text: string) => Address, text: string): Address {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigError(`${name}: ${error.message}`);
    throw error;
  }
}

function readMonitor(text: string): string {
  const url = URL.parse(text.trim());
  if (url && /^https?:$/.test(url.protocol) && url.pathname === "/" && !url.search && !url.username) return url.origin;
  throw new ConfigError("PARLEY_NATS_MONITOR must list http://host:port, without a path, a user or a password.");
}

function readStore(text: string, dataDir: string): EngineSettings["store"] {
  if (text.startsWith("cql:")) return { kind: "cql", ...parseCqlUrl("PARLEY_STORE", text) };
  return readSqlite("PARLEY_STORE", text, resolve(dataDir, "store.db"), "cql:");
}

function readEphemeral(text: string): EngineSettings["ephemeral"] {
  if (/^rediss?:/.test(text)) return { kind: "redis", ...parsed("PARLEY_EPHEMERAL", parseRedisUrl, text) };
  if (text === "memory:") return { kind: "memory" };
  throw new ConfigError(`PARLEY_EPHEMERAL must start with "memory:" or "redis:", not "${schemeOf(text)}".`);
}

/** What stands before the first ":" alone: after it, there may be a password. */
function schemeOf(text: string): string {
  return text.includes(":") ? `${text.slice(0, text.indexOf(":"))}:…` : "…";
}

function readSqlite(name: string, text: string, defaultPath: string, other: string): SqliteEngine {
  if (!text.startsWith("sqlite:")) {
    throw new ConfigError(`${name} must start with "sqlite:" or "${other}", not "${schemeOf(text)}".`);
  }
  const [path, query] = text.slice("sqlite:".length).split("?", 2);
  const synchronous = new URLSearchParams(query).get("synchronous") ?? "full";
  if (synchronous !== "full" && synchronous !== "off") {
    throw new ConfigError(`${name}: synchronous is "full" or "off", not "${synchronous}".`);
  }
  return { kind: "sqlite", path: path ? resolve(path) : defaultPath, synchronous };
}

function readBlobs(text: string, defaultPath: string): EngineSettings["blobs"] {
  if (!text.startsWith("file:"))
    throw new ConfigError(`PARLEY_BLOBS must start with "file:", not "${schemeOf(text)}".`);
  const path = text.slice("file:".length);
  return { kind: "file", path: path ? resolve(path) : defaultPath };
}
