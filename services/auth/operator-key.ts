import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { makeSecretFile } from "#platform/runtime/key-file.ts";
import { StartError } from "#platform/runtime/start-error.ts";

/** What an operator key begins with, so that it is told from an access token. */
export const operatorKeyPrefix = "pko_";

/** What looks like an operator key, be it the right one or not. */
export const operatorKeyForm = /^pko_[A-Za-z0-9_-]{43}$/;

/** The key that the application's own servers show. */
export interface OperatorKey {
  /** Whether the text is the key. Takes equally long for all wrong ones. */
  matches(text: string): boolean;
}

/** Reads the key from a file, making it where there is none. Throws StartError where others may read the file. */
export function openOperatorKey(path: string): OperatorKey {
  if (!existsSync(path)) {
    makeSecretFile(path, `${operatorKeyPrefix}${randomBytes(32).toString("base64url")}\n`);
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new StartError(`The operator key in ${path} can be read by others. Run: chmod 600 ${path}`);
  }
  const key = readFileSync(path, "utf8").trim();
  if (!operatorKeyForm.test(key)) {
    throw new StartError(`The operator key in ${path} is damaged. Delete the file to get a new key.`);
  }
  const digest = digestOf(key);
  return { matches: (text) => timingSafeEqual(digest, digestOf(text)) };
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
