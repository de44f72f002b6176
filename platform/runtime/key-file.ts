import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { StartError } from "./start-error.ts";

/** Reads a key of `length` random bytes that only its owner may read, making it where there is none. */
export function readOrMakeKey(path: string, length: number): Uint8Array {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, randomBytes(length), { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }
  const key = readFileSync(path);
  if (key.length !== length) throw new StartError(`The key in ${path} is damaged. Restore it from a backup.`);
  return key;
}
