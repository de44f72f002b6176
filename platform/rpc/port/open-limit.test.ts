import fc from "fast-check";
import { expect, test } from "vitest";
import { createOpenLimit } from "./open-limit.ts";

test("an address has so many open, and each that closes makes room for one", () => {
  const limit = createOpenLimit(2);
  const [first, second] = [limit.enter("192.0.2.1"), limit.enter("192.0.2.1")];
  expect(limit.enter("192.0.2.1")).toBeUndefined();
  expect(limit.enter("192.0.2.2")).toBeDefined();
  first?.();
  first?.();
  expect(limit.enter("192.0.2.1")).toBeDefined();
  expect(limit.enter("192.0.2.1")).toBeUndefined();
  second?.();
  expect(limit.enter("192.0.2.1")).toBeDefined();
});

test("addresses of one IPv6 network count together", () => {
  const limit = createOpenLimit(1);
  expect(limit.enter("2001:db8::1")).toBeDefined();
  expect(limit.enter("2001:db8::2")).toBeUndefined();
  expect(limit.enter("2001:db8:0:1::1")).toBeDefined();
});

test("0 is no limit", () => {
  const limit = createOpenLimit(0);
  for (let count = 0; count < 10_000; count++) expect(limit.enter("192.0.2.1")).toBeDefined();
});

test("whatever comes and goes, as many are let in as a list would let in", () => {
  const step = fc.record({ address: fc.constantFrom("192.0.2.1", "192.0.2.2"), enters: fc.boolean() });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (max, steps) => {
      const limit = createOpenLimit(max);
      const model: { address: string; leave: () => void }[] = [];
      for (const { address, enters } of steps) {
        const mine = model.filter((entry) => entry.address === address);
        if (enters) {
          const leave = limit.enter(address);
          expect(leave !== undefined).toBe(mine.length < max);
          if (leave) model.push({ address, leave });
        } else if (mine[0]) {
          mine[0].leave();
          model.splice(model.indexOf(mine[0]), 1);
        }
      }
    }),
  );
});
