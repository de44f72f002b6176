import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClientIds } from "./client-ids.ts";

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("client ids", () => {
  it("rise whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 47 }), { minLength: 2, maxLength: 50 }), (times) => {
        let turn = 0;
        const nextId = createClientIds("", () => times[turn++ % times.length] ?? 1);
        const ids = times.map(nextId);
        expect(ids.every((id) => uuidv7.test(id))).toBe(true);
        expect(ids).toEqual([...new Set(ids)].sort());
      }),
    );
  });

  it("rise beyond 4,096 in one millisecond", () => {
    const nextId = createClientIds("", () => 1_700_000_000_000);
    const ids = Array.from({ length: 10_000 }, nextId);
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(10_000);
  });

  it("go on above the last id of an earlier run", () => {
    const last = createClientIds("", () => 2_000_000_000_000)();
    expect(createClientIds(last, () => 1_000)() > last).toBe(true);
  });
});
