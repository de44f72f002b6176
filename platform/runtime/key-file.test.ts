import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readOrMakeKey } from "./key-file.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-key-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test("a key is made once, for its owner alone", () => {
  const path = join(dir, "keys", "seal.key");
  const key = readOrMakeKey(path, 32);
  expect(key.length).toBe(32);
  expect(readOrMakeKey(path, 32)).toEqual(key);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a damaged key is refused, not replaced", () => {
  const path = join(dir, "seal.key");
  writeFileSync(path, "short");
  expect(() => readOrMakeKey(path, 32)).toThrow("damaged");
});
