import { resolve } from "node:path";
import { ConfigError } from "./config-error.ts";

/** Which part of the server a process is, and how it reaches the rest. */
export interface Targets {
  /** Names of modules; "all": every one. */
  readonly targets: "all" | readonly string[];
  /** Where the modules are reached that do not run in this process; absent: all run here. */
  readonly peers?: string;
  /** The key by which the processes of an installation know each other. */
  readonly peerKeyFile: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Settings of where data is kept, with what they mean where nobody set them. */
const ofData = { PARLEY_LOG: "sqlite:", PARLEY_STORE: "sqlite:", PARLEY_BLOBS: "file:" };

export function readTargets(env: Env, dataDir: string): Targets {
  const names = (env.PARLEY_TARGETS || "all").split(",").map((name) => name.trim());
  const peerKeyFile = resolve(env.PARLEY_PEER_KEY || resolve(dataDir, "keys", "peer.key"));
  const peers = env.PARLEY_PEERS || undefined;
  if (names.includes("all")) {
    if (names.length > 1) throw new ConfigError('PARLEY_TARGETS is "all" or a list of modules, not both.');
    if (peers) throw new ConfigError("PARLEY_PEERS is for processes that do not run everything: set PARLEY_TARGETS.");
    return { targets: "all", peerKeyFile };
  }
  if (!peers) throw new ConfigError(`PARLEY_TARGETS=${names.join(",")} needs PARLEY_PEERS: where the rest is reached.`);
  for (const [name, unset] of Object.entries(ofData)) {
    const value = env[name];
    if (!value || value === unset) continue;
    throw new ConfigError(`A process of PARLEY_TARGETS=${names.join(",")} keeps no data: remove ${name}=${value}.`);
  }
  return { targets: names, peers: readUrl(peers), peerKeyFile };
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search || url.username) {
    throw new ConfigError(`PARLEY_PEERS must be one http://host:port, not "${text}".`);
  }
  return url.origin;
}
