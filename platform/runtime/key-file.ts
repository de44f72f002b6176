import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { StartError } from "./start-error.ts";

/** Reads a key of `length` random bytes that only its owner may read, making it where there is none. */
export function readOrMakeKey(path: string, length: number): Uint8Array {
  if (!existsSync(path)) makeSecretFile(path, randomBytes(length));
  const key = readFileSync(path);
  if (key.length !== length) throw new StartError(`The key in ${path} is damaged. Restore it from a backup.`);
  return key;
}

/** Makes a file that only its owner may read, whole or not at all. Of processes that make it at once, one does. */
export function makeSecretFile(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.${process.pid}.new`;
  writeFileSync(own, content, { mode: 0o600, flush: true });
  try {
    linkSync(own, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    rmSync(own);
  }
}
