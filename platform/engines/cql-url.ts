import { ConfigError } from "#platform/runtime/config-error.ts";

/** Where a store on Cassandra or ScyllaDB is. */
export interface CqlSettings {
  /** `host:port` of some nodes; they name the others. */
  readonly contactPoints: readonly string[];
  /** The data centre that is written to and read from. */
  readonly localDataCenter: string;
  readonly keyspace: string;
  /** Copies of each row in that data centre, where the keyspace has to be made. */
  readonly replication: number;
  readonly credentials?: { readonly username: string; readonly password: string };
}

const defaultPort = 9042;
const form = "cql://[user:password@]host[:port],…/keyspace[?dc=datacenter1&replication=3]";

/**
 * Reads `cql://user:password@h1:9042,h2/keyspace?dc=datacenter1&replication=3`. Throws ConfigError, which names the
 * setting and never the password.
 */
export function parseCqlUrl(setting: string, text: string): CqlSettings {
  const match = /^cql:\/\/(?:([^@/]*)@)?([^@/?]+)\/([^/?]*)(?:\?(.*))?$/.exec(text);
  if (!match) throw new ConfigError(`${setting} must be written as ${form}.`);
  const [, user, hosts = "", keyspace = "", query] = match;
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace)) {
    throw new ConfigError(
      `${setting}: "${keyspace}" is no name of a keyspace: up to 48 small letters, digits and "_", a letter first.`,
    );
  }
  const credentials = user === undefined ? undefined : readCredentials(setting, user);
  return {
    contactPoints: hosts.split(",").map((host) => readContactPoint(setting, host)),
    ...readQuery(setting, query),
    keyspace,
    ...(credentials ? { credentials } : {}),
  };
}

function readCredentials(setting: string, text: string): { username: string; password: string } {
  const colon = text.indexOf(":");
  try {
    const [username, password] = [text.slice(0, colon), text.slice(colon + 1)].map(decodeURIComponent);
    if (colon > 0 && username && password) return { username, password };
  } catch {
    // What is no percent-encoding is told like anything else that is malformed, without the text itself.
  }
  throw new ConfigError(`${setting}: before "@" stand user:password, percent-encoded.`);
}

function readContactPoint(setting: string, text: string): string {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? defaultPort);
  if (!match || port < 1 || port > 65535) throw new ConfigError(`${setting}: "${text}" is no host or host:port.`);
  return `${match[1]}:${port}`;
}

function readQuery(setting: string, text = ""): Pick<CqlSettings, "localDataCenter" | "replication"> {
  const query = new URLSearchParams(text);
  const unknown = [...query.keys()].find((name) => name !== "dc" && name !== "replication");
  if (unknown !== undefined) throw new ConfigError(`${setting} knows dc and replication, not "${unknown}".`);
  const localDataCenter = query.get("dc") ?? "datacenter1";
  if (!/^[\w.-]{1,100}$/.test(localDataCenter)) {
    throw new ConfigError(`${setting}: "${localDataCenter}" is no name of a data centre.`);
  }
  const replication = query.get("replication") ?? "3";
  if (!/^[1-9]$/.test(replication)) {
    throw new ConfigError(`${setting}: replication is a number of copies from 1 to 9, not "${replication}".`);
  }
  return { localDataCenter, replication: Number(replication) };
}
