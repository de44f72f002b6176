import { resolve } from "node:path";
import type { OpenLimits } from "#platform/rpc/port/connection-limits.ts";
import type { PortLimits } from "#platform/rpc/port/port-limits.ts";
import type { TrustedProxies } from "#platform/rpc/port/trusted-proxies.ts";
import { readOpenLimits, readOrigins, readPortLimits, readProxies } from "./config-connections.ts";
import { type EngineSettings, readEngines } from "./config-engines.ts";
import { ConfigError } from "./config-error.ts";
import { type Env, readNumber } from "./config-number.ts";
import { readTargets, type Targets } from "./config-targets.ts";

/** Where the server listens, what it stands on and how much it allows. Made once from the environment. */
export interface Config extends Targets, EngineSettings {
  readonly listen: { readonly host: string; readonly port: number; readonly reusePort?: boolean };
  /** Where other processes of the installation connect; absent: where clients do. */
  readonly peerListen?: { readonly host: string; readonly port: number };
  /** Certificate and key in PEM; absent: cleartext. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Absent: clients connect themselves. */
  readonly proxies?: TrustedProxies;
  readonly openLimits: OpenLimits;
  readonly portLimits: PortLimits;
  readonly dataDir: string;
  readonly shards: number;
  /** How old a record of the log is at least that is dropped, once all consumers have covered it. */
  readonly logRetentionMs: number;
  readonly auth: {
    /** `iss` and `aud` of the tokens that this installation signs. */
    readonly issuer: string;
    readonly audience: string;
    readonly accessTtlMs: number;
    readonly refreshTtlMs: number;
    /** How long a session lasts, however often it is refreshed. */
    readonly sessionMaxMs: number;
    /** The application's own issuer of tokens; absent: none is trusted. */
    readonly trusted?: { readonly issuer: string; readonly audience: string; readonly jwksUrl: string };
  };
  readonly limits: {
    /** Calls a minute of one user. 0 in any of these: no limit. */
    readonly callsPerMinute: number;
    readonly registersPerHour: number;
    readonly loginsPerMinute: number;
    readonly searchesPerMinute: number;
  };
  /** Origins that browsers may call from; "*" means any. */
  readonly allowedOrigins: readonly string[];
  readonly logLevel: string;
}

export { ConfigError };

/** Reads every `PARLEY_…` variable. Throws ConfigError where one is malformed, unknown or contradicts another. */
export function readConfig(env: Env): Config {
  refuseUnknown(env);
  const dataDir = resolve(env.PARLEY_DATA ?? "./data");
  const tls = readTls(env);
  const trusted = readTrustedIssuer(env);
  const proxies = readProxies(env);
  const engines = readEngines(env, dataDir);
  return {
    ...readListens(env),
    ...(tls ? { tls } : {}),
    ...(proxies ? { proxies } : {}),
    openLimits: readOpenLimits(env),
    portLimits: readPortLimits(env),
    ...readTargets(env, dataDir, engines),
    dataDir,
    ...engines,
    shards: readNumber(env, "PARLEY_SHARDS", 16, 1, 1024),
    logRetentionMs: readNumber(env, "PARLEY_LOG_RETENTION_DAYS", 30, 1, 3650) * 86_400_000,
    auth: {
      issuer: env.PARLEY_ISSUER ?? "parley",
      audience: env.PARLEY_AUDIENCE ?? "parley",
      accessTtlMs: readNumber(env, "PARLEY_ACCESS_TTL_SECONDS", 600, 1, 3600) * 1000,
      refreshTtlMs: readNumber(env, "PARLEY_REFRESH_TTL_DAYS", 90, 1, 365) * 86_400_000,
      sessionMaxMs: readNumber(env, "PARLEY_SESSION_MAX_DAYS", 365, 1, 3650) * 86_400_000,
      ...(trusted ? { trusted } : {}),
    },
    limits: {
      callsPerMinute: readNumber(env, "PARLEY_LIMIT_CALLS_PER_MINUTE", 100, 0, 1_000_000),
      registersPerHour: readNumber(env, "PARLEY_LIMIT_REGISTERS_PER_HOUR", 10, 0, 1_000_000),
      loginsPerMinute: readNumber(env, "PARLEY_LIMIT_LOGINS_PER_MINUTE", 10, 0, 1_000_000),
      searchesPerMinute: readNumber(env, "PARLEY_LIMIT_SEARCHES_PER_MINUTE", 20, 0, 1_000_000),
    },
    allowedOrigins: readOrigins(env.PARLEY_ALLOWED_ORIGINS ?? "*"),
    logLevel: env.PARLEY_LOG_LEVEL ?? "info",
  };
}

/** Every setting there is; a misspelled one is refused instead of ignored. */
export const settings = [
  "PARLEY_ACCESS_TTL_SECONDS",
  "PARLEY_ADVERTISE",
  "PARLEY_ALLOWED_ORIGINS",
  "PARLEY_AUDIENCE",
  "PARLEY_BLOBS",
  "PARLEY_DATA",
  "PARLEY_EPHEMERAL",
  "PARLEY_HEADER_KILOBYTES",
  "PARLEY_HEADERS_SECONDS",
  "PARLEY_HTTP2_CONTROL_FRAMES_PER_SECOND",
  "PARLEY_HTTP2_MEGABYTES",
  "PARLEY_HTTP2_RESETS_PER_SECOND",
  "PARLEY_HTTP2_STREAMS",
  "PARLEY_IDLE_SECONDS",
  "PARLEY_ISSUER",
  "PARLEY_KEEPALIVE_ANSWER_SECONDS",
  "PARLEY_KEEPALIVE_SECONDS",
  "PARLEY_KEYS",
  "PARLEY_LIMIT_CALLS_PER_MINUTE",
  "PARLEY_LIMIT_CONNECTIONS",
  "PARLEY_LIMIT_CONNECTIONS_PER_ADDRESS",
  "PARLEY_LIMIT_CONNECTIONS_PER_PROXY",
  "PARLEY_LIMIT_LOGINS_PER_MINUTE",
  "PARLEY_LIMIT_OPEN_CALLS_PER_ADDRESS",
  "PARLEY_LIMIT_REGISTERS_PER_HOUR",
  "PARLEY_LIMIT_SEARCHES_PER_MINUTE",
  "PARLEY_LISTEN",
  "PARLEY_LOG",
  "PARLEY_LOG_LEVEL",
  "PARLEY_LOG_RETENTION_DAYS",
  "PARLEY_NATS_MONITOR",
  "PARLEY_PEER_KEY",
  "PARLEY_PEER_LISTEN",
  "PARLEY_PEERS",
  "PARLEY_PROXY_HEADER",
  "PARLEY_REFRESH_TTL_DAYS",
  "PARLEY_REQUEST_SECONDS",
  "PARLEY_REUSE_PORT",
  "PARLEY_SESSION_MAX_DAYS",
  "PARLEY_SHARDS",
  "PARLEY_STORE",
  "PARLEY_TARGETS",
  "PARLEY_TLS_CERT",
  "PARLEY_TLS_KEY",
  "PARLEY_TRUSTED_AUDIENCE",
  "PARLEY_TRUSTED_ISSUER",
  "PARLEY_TRUSTED_JWKS",
  "PARLEY_TRUSTED_PROXIES",
] as const;

/** Read by the clients, which share the prefix. */
const clientSettings = ["PARLEY_HOME", "PARLEY_OPERATOR_KEY", "PARLEY_URL"];

function refuseUnknown(env: Env): void {
  const known = new Set<string>([...settings, ...clientSettings]);
  const unknown = Object.keys(env).filter((name) => name.startsWith("PARLEY_") && !known.has(name));
  if (unknown.length > 0) throw new ConfigError(`There is no setting ${unknown.join(", ")}.`);
}

function readListens(env: Env): Pick<Config, "listen" | "peerListen"> {
  const listen = readListen("PARLEY_LISTEN", env.PARLEY_LISTEN ?? "127.0.0.1:8080");
  const reusePort = readSwitch("PARLEY_REUSE_PORT", env.PARLEY_REUSE_PORT);
  const peers = env.PARLEY_PEER_LISTEN;
  if (!peers && reusePort) {
    throw new ConfigError(
      "PARLEY_REUSE_PORT needs PARLEY_PEER_LISTEN: each process needs a port of its own for others.",
    );
  }
  return {
    listen: reusePort ? { ...listen, reusePort } : listen,
    ...(peers ? { peerListen: readListen("PARLEY_PEER_LISTEN", peers) } : {}),
  };
}

function readSwitch(name: string, text: string | undefined): boolean {
  if (text !== undefined && !["", "true", "false"].includes(text)) {
    throw new ConfigError(`${name} is "true" or "false", not "${text}".`);
  }
  return text === "true";
}

function readListen(name: string, text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65535) throw new ConfigError(`${name} must be host:port, not "${text}".`);
  return { host: match[1] ?? (match[2] || "0.0.0.0"), port };
}

function readTls(env: Env): Config["tls"] {
  const [certFile, keyFile] = [env.PARLEY_TLS_CERT, env.PARLEY_TLS_KEY];
  if (!certFile && !keyFile) return undefined;
  if (!certFile || !keyFile) throw new ConfigError("PARLEY_TLS_CERT and PARLEY_TLS_KEY go together.");
  return { certFile, keyFile };
}

function readTrustedIssuer(env: Env): Config["auth"]["trusted"] {
  const issuer = env.PARLEY_TRUSTED_ISSUER;
  const audience = env.PARLEY_TRUSTED_AUDIENCE;
  if (!issuer) {
    if (audience || env.PARLEY_TRUSTED_JWKS) throw new ConfigError("PARLEY_TRUSTED_ISSUER is not set.");
    return undefined;
  }
  if (!audience) throw new ConfigError("PARLEY_TRUSTED_ISSUER needs PARLEY_TRUSTED_AUDIENCE.");
  const jwksUrl = env.PARLEY_TRUSTED_JWKS ?? `${issuer.replace(/\/$/, "")}/.well-known/jwks.json`;
  return { issuer, audience, jwksUrl };
}
