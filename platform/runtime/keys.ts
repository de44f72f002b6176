import { createHash } from "node:crypto";
import { join } from "node:path";
import { readOrMakeKey } from "./key-file.ts";
import { StartError } from "./start-error.ts";

/** Keys of an installation: files of one folder, of which all its processes have the same. */
export interface Keys {
  /**
   * The key, 32 random bytes; made where there is none. Throws StartError where other processes of the installation have
   * another one.
   */
  read(name: string): Promise<Uint8Array>;
}

/** Remembers for all processes what keys look like, without telling them. */
export interface Fingerprints {
  /** The fingerprint that stands: the given one if it is the first of that name. */
  claim(name: string, fingerprint: string): Promise<string>;
  /** The one that stands, if there is one. */
  find(name: string): Promise<string | undefined>;
  /** Puts another one in the place of the one that stands. */
  replace(name: string, fingerprint: string): Promise<void>;
}

const keyBytes = 32;

/** Without `fingerprints`, one process has the keys alone. */
export function createKeys(folder: string, fingerprints?: Fingerprints): Keys {
  return {
    async read(name) {
      const key = readOrMakeKey(join(folder, name), keyBytes);
      await checkKey(name, key, fingerprints);
      return key;
    },
  };
}

/** Throws StartError where other processes of the installation have another key of that name. */
export async function checkKey(name: string, key: Uint8Array, fingerprints?: Fingerprints): Promise<void> {
  const own = fingerprintOf(key);
  if (!fingerprints || (await fingerprints.claim(name, own)) === own) return;
  throw new StartError(
    `The ${name} of this process is not that of its installation. Give all processes the same PARLEY_KEYS, and each installation a name of its own in PARLEY_LOG.`,
  );
}

export function fingerprintOf(key: Uint8Array): string {
  return createHash("sha256").update("parley key ").update(key).digest("hex");
}
