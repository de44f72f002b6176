import { expect, test } from "vitest";
import { authErrors } from "./errors.ts";
import { createPasswords } from "./password.ts";

const { signal } = new AbortController();

test("a password is hashed with Argon2id at the named cost, each with its own salt", async () => {
  const passwords = await createPasswords();
  const hashes = await Promise.all([1, 2].map(() => passwords.hash("correct horse", signal)));
  for (const hash of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(hashes[0]).not.toBe(hashes[1]);
});

test("the first hash that fits is found, and letters count as they look", async () => {
  const passwords = await createPasswords();
  const [a, b] = [await passwords.hash("caf\u00e9 au lait", signal), await passwords.hash("tea", signal)];
  expect(await passwords.firstMatch("tea", [a, b], 5, signal)).toBe(1);
  expect(await passwords.firstMatch("cafe\u0301 au lait", [a, b], 1, signal)).toBe(0);
  expect(await passwords.firstMatch("coffee", [a, b], 5, signal)).toBeUndefined();
  expect(await passwords.firstMatch("anything", [], 1, signal)).toBeUndefined();
});

test("nobody fits takes as long as somebody does not", async () => {
  const passwords = await createPasswords();
  const hash = await passwords.hash("tea", signal);
  const time = async (hashes: string[]) => {
    const start = performance.now();
    await passwords.firstMatch("coffee", hashes, 5, signal);
    return performance.now() - start;
  };
  const fastest = { known: Number.POSITIVE_INFINITY, unknown: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 4; round++) {
    fastest.known = Math.min(fastest.known, await time([hash]));
    fastest.unknown = Math.min(fastest.unknown, await time([]));
  }
  expect(fastest.unknown).toBeGreaterThan(fastest.known / 2);
  expect(fastest.unknown).toBeLessThan(fastest.known * 2);
});

test("beyond the queue, callers are told when to come back", async () => {
  const passwords = await createPasswords({ atOnce: 1, waiting: 1 });
  const calls = [1, 2, 3].map(() => passwords.hash("tea", signal));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(outcomes[2]).toMatchObject({
    reason: {
      reason: authErrors.HASHING_BUSY.reason,
      retryable: true,
      details: [{ value: { retryAfter: { seconds: 1n } } }],
    },
  });
});
