import { resolve } from "node:path";
import type { EngineSettings } from "./config-engines.ts";
import { ConfigError } from "./config-error.ts";
import type { Env } from "./config-number.ts";

/** Which part of the server a process is, and how it and the rest reach each other. */
export interface Targets {
  /** Names of modules; "all": every one. */
  readonly targets: "all" | readonly string[];
  /** Where the process is reached that has the data, by a gateway that stands beside it. Absent: this one has its own. */
  readonly peers?: string;
  /** Under which URL other processes reach this one; absent: the address that it listens on. */
  readonly advertise?: string;
  /** Folder of the keys that all processes of an installation share. */
  readonly keysDir: string;
  /** The key by which the processes of an installation know each other. */
  readonly peerKeyFile: string;
}

/** Settings of where data is kept, with what they mean where nobody set them. */
const ofData = { PARLEY_LOG: "sqlite:", PARLEY_STORE: "sqlite:", PARLEY_BLOBS: "file:" };

export function readTargets(env: Env, dataDir: string, engines: EngineSettings): Targets {
  const names = (env.PARLEY_TARGETS || "all").split(",").map((name) => name.trim());
  const targets = readNames(names);
  const keysDir = resolve(env.PARLEY_KEYS || resolve(dataDir, "keys"));
  const peerKeyFile = resolve(env.PARLEY_PEER_KEY || resolve(keysDir, "peer.key"));
  const shared = { targets, keysDir, peerKeyFile };
  if (env.PARLEY_PEERS) return { ...shared, peers: readPeers(env, env.PARLEY_PEERS, targets) };
  if (targets !== "all") refuseLoneData(names, engines);
  return { ...shared, ...readAdvertise(env.PARLEY_ADVERTISE, engines) };
}

function readNames(names: readonly string[]): Targets["targets"] {
  if (!names.includes("all")) return names;
  if (names.length > 1) throw new ConfigError('PARLEY_TARGETS is "all" or a list of modules, not both.');
  return "all";
}

/** A gateway beside the one process that has the data. */
function readPeers(env: Env, peers: string, targets: Targets["targets"]): string {
  if (targets === "all") {
    throw new ConfigError("PARLEY_PEERS is for processes that do not run everything: set PARLEY_TARGETS.");
  }
  if (targets.join() !== "gateway") {
    throw new ConfigError("PARLEY_PEERS is for PARLEY_TARGETS=gateway: all else runs where the data is.");
  }
  for (const [name, unset] of Object.entries(ofData)) {
    const value = env[name];
    if (!value || value === unset) continue;
    const sentence = "A process beside another one (PARLEY_PEERS) keeps no data";
    throw new ConfigError(`${sentence}: remove ${name}, or PARLEY_PEERS where all of them share engines.`);
  }
  return readUrl("PARLEY_PEERS", peers);
}

/** Several processes need engines that they can share. Gateways need no store. */
function refuseLoneData(names: readonly string[], { log, store, ephemeral }: EngineSettings): void {
  const targets = `PARLEY_TARGETS=${names.join(",")}`;
  const storeless = names.join() === "gateway";
  if (log.kind === "sqlite" || (store.kind === "sqlite" && !storeless)) {
    const needed = storeless ? "PARLEY_LOG=nats://…" : "PARLEY_LOG=nats://… and PARLEY_STORE=cql://…";
    const beside = storeless ? ' Or name the process of "all" by PARLEY_PEERS.' : "";
    throw new ConfigError(`${targets} needs engines that processes share: ${needed}.${beside}`);
  }
  if (ephemeral.kind === "memory") {
    throw new ConfigError(`${targets}: processes share presence and limits. Set PARLEY_EPHEMERAL=redis://….`);
  }
}

function readAdvertise(text: string | undefined, { log }: EngineSettings): Pick<Targets, "advertise"> {
  if (!text) return {};
  if (log.kind === "sqlite") throw new ConfigError("PARLEY_ADVERTISE is for processes that share a log on NATS.");
  return { advertise: readUrl("PARLEY_ADVERTISE", text) };
}

function readUrl(name: string, text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search || url.username) {
    throw new ConfigError(`${name} must be one http://host:port, without a path, a user or a password.`);
  }
  return url.origin;
}
