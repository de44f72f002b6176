/** Settings about who may connect, and what connections may take. */
import type { OpenLimits } from "#platform/rpc/port/connection-limits.ts";
import { type PortLimits, portLimits } from "#platform/rpc/port/port-limits.ts";
import { isProxyRange, proxyHeaders, type TrustedProxies } from "#platform/rpc/port/trusted-proxies.ts";
import { ConfigError } from "./config-error.ts";
import { type Env, readNumber } from "./config-number.ts";

export function readOpenLimits(env: Env): OpenLimits {
  return {
    connections: readNumber(env, "PARLEY_LIMIT_CONNECTIONS", 200_000, 0, 1_000_000),
    connectionsPerAddress: readNumber(env, "PARLEY_LIMIT_CONNECTIONS_PER_ADDRESS", 2_000, 0, 1_000_000),
    connectionsPerProxy: readNumber(env, "PARLEY_LIMIT_CONNECTIONS_PER_PROXY", 50_000, 0, 1_000_000),
    callsPerAddress: readNumber(env, "PARLEY_LIMIT_OPEN_CALLS_PER_ADDRESS", 4_000, 0, 1_000_000),
  };
}

export function readPortLimits(env: Env): PortLimits {
  const seconds = (name: string, fallback: number, min = 1) =>
    readNumber(env, name, fallback / 1000, min, 86_400) * 1000;
  const { headersMs, requestMs, idleMs, keepaliveMs, keepaliveAnswerMs, headerBytes } = portLimits;
  const { streams, sessionMegabytes, resetsPerSecond, controlFramesPerSecond } = portLimits;
  return {
    headersMs: seconds("PARLEY_HEADERS_SECONDS", headersMs),
    requestMs: seconds("PARLEY_REQUEST_SECONDS", requestMs),
    // Streams have heartbeats, which must come in time.
    idleMs: seconds("PARLEY_IDLE_SECONDS", idleMs, 30),
    keepaliveMs: seconds("PARLEY_KEEPALIVE_SECONDS", keepaliveMs),
    keepaliveAnswerMs: seconds("PARLEY_KEEPALIVE_ANSWER_SECONDS", keepaliveAnswerMs),
    headerBytes: readNumber(env, "PARLEY_HEADER_KILOBYTES", headerBytes / 1024, 4, 64) * 1024,
    streams: readNumber(env, "PARLEY_HTTP2_STREAMS", streams, 1, 100_000),
    sessionMegabytes: readNumber(env, "PARLEY_HTTP2_MEGABYTES", sessionMegabytes, 1, 1_000),
    resetsPerSecond: readNumber(env, "PARLEY_HTTP2_RESETS_PER_SECOND", resetsPerSecond, 1, 100_000),
    controlFramesPerSecond: readNumber(
      env,
      "PARLEY_HTTP2_CONTROL_FRAMES_PER_SECOND",
      controlFramesPerSecond,
      1,
      100_000,
    ),
  };
}

export function readProxies(env: Env): TrustedProxies | undefined {
  const header = proxyHeaders.find((name) => name === (env.PARLEY_PROXY_HEADER || proxyHeaders[0]));
  if (!header) {
    throw new ConfigError(
      `PARLEY_PROXY_HEADER is one of ${proxyHeaders.join(", ")}, not "${env.PARLEY_PROXY_HEADER}".`,
    );
  }
  const ranges = (env.PARLEY_TRUSTED_PROXIES ?? "").split(",").map((range) => range.trim());
  if (ranges.join("") === "") {
    if (header === "proxy-v2") throw new ConfigError("PARLEY_PROXY_HEADER=proxy-v2 needs PARLEY_TRUSTED_PROXIES.");
    return undefined;
  }
  const wrong = ranges.find((range) => !isProxyRange(range));
  if (wrong === undefined) return { ranges, header };
  throw new ConfigError(
    `PARLEY_TRUSTED_PROXIES: "${wrong}" is no address, no range, and neither loopback nor private.`,
  );
}

/** Origins as browsers tell them, which is how they are compared; empty: none may call. */
export function readOrigins(text: string): readonly string[] {
  const origins = text.split(",").map((origin) => origin.trim());
  if (origins.join("") === "") return [];
  const wrong = origins.find((origin) => origin !== "*" && !isOrigin(origin));
  if (wrong === undefined) return origins;
  throw new ConfigError(
    `PARLEY_ALLOWED_ORIGINS: "${wrong}" is no origin: one is written as https://app.example.org, in lower case, with a port only where it is not the usual one.`,
  );
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host } = new URL(text);
  return host !== "" && `${protocol}//${host}` === text;
}
