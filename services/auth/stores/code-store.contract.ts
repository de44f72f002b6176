import { expect, test } from "vitest";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { CodeStore, SentCode } from "./code-store.ts";

/** What holds of every engine that codes are kept in. */
export function describeCodeStore(engine: string, open: () => CodeStore): void {
  const address = "marvin@example.org";
  const newCode = (first: number): SentCode => ({ codeHash: Uint8Array.of(first), sentAt: 1000, triesLeft: 5 });

  test(`${engine}: a code takes the place of the one that was seen, no other`, async () => {
    const [store, user, [a, b, c]] = [open(), userId(uuidv7()), [newCode(1), newCode(2), newCode(3)]] as const;
    expect(await store.read(user, address)).toBeUndefined();
    expect(await store.put(user, address, b, a)).toBe(false);
    expect(await store.put(user, address, a, undefined)).toBe(true);
    expect(await store.put(user, address, b, undefined)).toBe(false);
    expect(await store.put(user, address, b, a)).toBe(true);
    expect(await store.put(user, address, c, a)).toBe(false);
    expect(await store.read(user, address)).toEqual(b);
    expect(await store.read(user, "+4915112345678")).toBeUndefined();
  });

  test(`${engine}: of tries at once, each that counts is taken off`, async () => {
    const [store, user, code] = [open(), userId(uuidv7()), newCode(1)];
    await store.put(user, address, code, undefined);
    const spent = await Promise.all([1, 2, 3].map(() => store.spendTry(user, address, code)));
    expect(spent.filter(Boolean)).toHaveLength(1);
    expect(await store.read(user, address)).toEqual({ ...code, triesLeft: 4 });
    expect(await store.spendTry(user, address, { ...newCode(2), triesLeft: 4 })).toBe(false);
  });

  test(`${engine}: a code is removed only by itself`, async () => {
    const [store, user, code] = [open(), userId(uuidv7()), newCode(1)];
    await store.put(user, address, code, undefined);
    await store.spendTry(user, address, code);
    await store.remove(user, address, newCode(2));
    expect(await store.read(user, address)).toBeDefined();
    await store.remove(user, address, code);
    await store.remove(user, address, code);
    expect(await store.read(user, address)).toBeUndefined();
  });
}
