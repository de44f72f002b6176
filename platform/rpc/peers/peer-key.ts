import { existsSync, readFileSync, statSync } from "node:fs";
import { StartError } from "#platform/runtime/start-error.ts";

/** Bytes of the key by which the processes of an installation know each other. */
export const peerKeyBytes = 32;

/** Reads the key that another process made. Throws StartError where there is none, or others may read it. */
export function readPeerKey(path: string): Uint8Array {
  if (!existsSync(path)) {
    throw new StartError(`There is no key in ${path} (PARLEY_PEER_KEY). Copy it from the process that holds the data.`);
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new StartError(`The key in ${path} can be read by others. Run: chmod 600 ${path}`);
  }
  const key = readFileSync(path);
  if (key.length !== peerKeyBytes) throw new StartError(`The key in ${path} is damaged. Copy it again.`);
  return key;
}
