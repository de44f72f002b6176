import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openOperatorKey } from "./operator-key.ts";

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-key-"));
  path = join(dir, "operator.key");
});

afterEach(() => rmSync(dir, { recursive: true }));

test("the key is made once, for its owner's eyes", () => {
  expect(openOperatorKey(path).matches("pko_")).toBe(false);
  const key = readFileSync(path, "utf8").trim();
  expect(key).toMatch(/^pko_[A-Za-z0-9_-]{43}$/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const again = openOperatorKey(path);
  expect(again.matches(key)).toBe(true);
  expect(again.matches(`${key}x`)).toBe(false);
  expect(again.matches(key.slice(0, -1))).toBe(false);
});

test.each([0o640, 0o604, 0o660])("a file of mode %o is refused with a sentence", (mode) => {
  openOperatorKey(path);
  chmodSync(path, mode);
  expect(() => openOperatorKey(path)).toThrow(/can be read by others. Run: chmod 600/);
});

test("a damaged file is refused with a sentence", () => {
  writeFileSync(path, "pko_short\n", { mode: 0o600 });
  expect(() => openOperatorKey(path)).toThrow(/is damaged/);
});
