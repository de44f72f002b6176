import { decodePart } from "./url-parts.ts";

/**
 * Where a log on NATS is, as `nats://[user:password@]host[:port],…/[name][?replicas=3&max_bytes=16GiB]` says it; `tls:` is
 * the same over TLS. A user without a password is a token.
 */
export interface NatsAddress {
  /** `host:port` of some servers; they name the others. */
  readonly servers: readonly string[];
  readonly tls: boolean;
  /** Empty: none is asked for. */
  readonly user: string;
  readonly password: string;
  readonly token: string;
  /** Namespace of the installation: prefix of its streams, buckets and subjects. */
  readonly name: string;
  /** Servers that keep a copy of each record and lease. */
  readonly replicas: number;
  /** Most bytes of the whole log, over all shards, in each copy. */
  readonly maxBytes: number;
}

const defaultPort = 4222;
const defaultName = "parley";
const defaultMaxBytes = 16 * 2 ** 30;
const units = ["", "KiB", "MiB", "GiB", "TiB"];

/** Throws RangeError with a sentence, without what the text holds: there may be a password in it. */
export function parseNatsUrl(text: string): NatsAddress {
  const match = /^(nats|tls):\/\/(?:([^@/?]*)@)?([^@/?#]+)(?:\/([^/?#]*))?(?:\?([^#]*))?$/.exec(text);
  if (!match) throw malformed();
  const [, scheme, credentials, hosts = "", name] = match;
  const query = readQuery(match[5] ?? "");
  return {
    servers: hosts.split(",").map(readServer),
    tls: scheme === "tls",
    ...readCredentials(credentials ?? ""),
    name: readName(name || defaultName),
    replicas: readReplicas(query.get("replicas") ?? "1"),
    maxBytes: readBytes(query.get("max_bytes")),
  };
}

function readCredentials(text: string): Pick<NatsAddress, "user" | "password" | "token"> {
  const colon = text.indexOf(":");
  if (colon < 0) return { user: "", password: "", token: decode(text) };
  return { user: decode(text.slice(0, colon)), password: decode(text.slice(colon + 1)), token: "" };
}

function readServer(text: string): string {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text.trim());
  const port = Number(match?.[2] ?? defaultPort);
  if (!match || port < 1 || port > 65535) throw malformed();
  return `${match[1]}:${port}`;
}

function readName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,32}$/.test(name)) return name;
  throw new RangeError('the name after "/" has up to 32 letters, digits, "_" and "-".');
}

function readQuery(text: string): URLSearchParams {
  const query = new URLSearchParams(text);
  for (const key of query.keys()) {
    if (key !== "replicas" && key !== "max_bytes") throw new RangeError("it takes replicas and max_bytes after the ?.");
  }
  return query;
}

function readReplicas(text: string): number {
  if (/^[135]$/.test(text)) return Number(text);
  throw new RangeError("replicas is 1, 3 or 5: an even number survives no more failures than the odd one below it.");
}

function readBytes(text: string | null): number {
  if (text === null) return defaultMaxBytes;
  const [, count, unit = ""] = /^([1-9]\d{0,15})([KMGT]iB)?$/.exec(text) ?? [];
  const bytes = Number(count) * 1024 ** units.indexOf(unit);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new RangeError("max_bytes is a number of bytes, such as 16GiB.");
}

const decode = (text: string): string => decodePart(text, malformed);

function malformed(): RangeError {
  return new RangeError(
    "write nats://[user:password@]host[:port],…[/name][?replicas=3] (tls: for TLS), with special characters percent-encoded.",
  );
}
