import { peerKeyBytes } from "#platform/rpc/peers/peer-key.ts";
import type { Config } from "./config.ts";
import { readOrMakeKey } from "./key-file.ts";
import { checkKey, createKeys, type Fingerprints, type Keys } from "./keys.ts";

/** The key by which processes know each other, of a process that may make it. */
export function readOwnPeerKey({ peerKeyFile }: Pick<Config, "peerKeyFile">): Uint8Array {
  return readOrMakeKey(peerKeyFile, peerKeyBytes);
}

/** The keys of the installation, with the one under which tokens are sealed; those of other processes are the same. */
export async function sharedKeys(
  config: Pick<Config, "keysDir" | "peerKeyFile">,
  fingerprints?: Fingerprints,
): Promise<{ keys: Keys; sealingKey: Uint8Array }> {
  await checkKey("peer.key", readOwnPeerKey(config), fingerprints);
  const keys = createKeys(config.keysDir, fingerprints);
  return { keys, sealingKey: await keys.read("seal.key") };
}
