import { decodePart } from "./url-parts.ts";

/** Where a Redis is, as `redis://[user[:password]@]host[:port][/database]` says it; `rediss:` is the same over TLS. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Empty: the default user. */
  readonly user: string;
  /** Empty: none is asked for. */
  readonly password: string;
  readonly database: number;
}

const defaultPort = 6379;

/** Throws RangeError with a sentence, without what the text holds: there may be a password in it. */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.parse(text);
  const tls = url?.protocol === "rediss:";
  if (!url || !(tls || url.protocol === "redis:") || url.hostname === "") throw malformed();
  if (url.search !== "" || url.hash !== "" || !/^\/?\d{0,4}$/.test(url.pathname)) throw malformed();
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? defaultPort : Number(url.port),
    tls,
    user: decode(url.username),
    password: decode(url.password),
    database: Number(url.pathname.slice(1)),
  };
}

/** The place alone, for logs and sentences. */
export function placeOf({ host, port }: RedisAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const decode = (text: string): string => decodePart(text, malformed);

function malformed(): RangeError {
  return new RangeError(
    "write redis://[user:password@]host[:port][/database] (rediss: for TLS), with special characters percent-encoded.",
  );
}
