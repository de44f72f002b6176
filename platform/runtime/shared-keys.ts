import { join } from "node:path";
import { peerKeyBytes } from "#platform/rpc/peers/peer-key.ts";
import type { Config } from "./config.ts";
import { readOrMakeKey } from "./key-file.ts";

const sealingKeyBytes = 32;

/** The key under which tokens are sealed. */
export function readSealingKey({ keysDir }: Pick<Config, "keysDir">): Uint8Array {
  return readOrMakeKey(join(keysDir, "seal.key"), sealingKeyBytes);
}

/** The key by which processes know each other, of a process that may make it. */
export function readOwnPeerKey({ peerKeyFile }: Pick<Config, "peerKeyFile">): Uint8Array {
  return readOrMakeKey(peerKeyFile, peerKeyBytes);
}
