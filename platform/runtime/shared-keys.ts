import { join } from "node:path";
import { peerKeyBytes } from "#platform/rpc/peers/peer-key.ts";
import type { Config } from "./config.ts";
import { readOrMakeKey } from "./key-file.ts";
import { checkKey, createKeys, type Fingerprints, fingerprintOf, type Keys } from "./keys.ts";
import { StartError } from "./start-error.ts";

type KeyPlaces = Pick<Config, "keysDir" | "peerKeyFile">;

/** The key by which processes know each other, of a process that may make it. */
export function readOwnPeerKey({ peerKeyFile }: Pick<Config, "peerKeyFile">): Uint8Array {
  return readOrMakeKey(peerKeyFile, peerKeyBytes);
}

/** The keys of the installation, with the one under which tokens are sealed; those of other processes are the same. */
export async function sharedKeys(
  config: KeyPlaces,
  fingerprints?: Fingerprints,
): Promise<{ keys: Keys; sealingKey: Uint8Array }> {
  await checkKey("peer.key", readOwnPeerKey(config), fingerprints);
  const keys = createKeys(config.keysDir, fingerprints);
  return { keys, sealingKey: await keys.read("seal.key") };
}

/**
 * Makes the key of that name that this process has, or makes now, that of the installation. No process may run that has
 * the old one. Returns what the operator reads.
 */
export async function replaceKey(
  { keysDir, peerKeyFile }: KeyPlaces,
  fingerprints: Fingerprints,
  name: string,
): Promise<string> {
  const standing = /^[a-z]+\.key$/.test(name) ? await fingerprints.find(name) : undefined;
  if (!standing) throw new StartError(`The processes of this installation share no key "${name}".`);
  const path = name === "peer.key" ? peerKeyFile : join(keysDir, name);
  const own = fingerprintOf(readOrMakeKey(path, peerKeyBytes));
  if (own === standing)
    return `The installation has the key in ${path} already. For a new one, delete that file first.`;
  await fingerprints.replace(name, own);
  return `The key in ${path} is that of the installation now. Give it to all processes, and start them.`;
}
