import fc from "fast-check";
import { expect, test } from "vitest";
import { sharedOut } from "./shares.ts";

const member: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d", "e", "f");
const members = fc.uniqueArray(member, { minLength: 1 });
const holders: fc.Arbitrary<(string | undefined)[]> = fc.array(fc.option(member, { nil: undefined }), {
  maxLength: 40,
});

const countsOf = (table: readonly (string | undefined)[], of: readonly string[]) =>
  of.map((member) => table.filter((holder) => holder === member).length);

test("every key has a member, and no member two keys more than another", () => {
  fc.assert(
    fc.property(holders, members, (now, living) => {
      const next = sharedOut(now, living);
      expect(next.every((holder) => holder !== undefined && living.includes(holder))).toBe(true);
      const counts = countsOf(next, living);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }),
  );
});

test("nothing moves where all is shared out, and all come to the same, whatever the order in which they name members", () => {
  fc.assert(
    fc.property(holders, members, (now, living) => {
      const next = sharedOut(now, living);
      expect(sharedOut(next, living)).toEqual(next);
      expect(sharedOut(now, living.toReversed())).toEqual(next);
    }),
  );
});

test("a key leaves a living holder only where it has too many", () => {
  fc.assert(
    fc.property(holders, members, (now, living) => {
      const next = sharedOut(now, living);
      const least = Math.floor(now.length / living.length);
      for (const [index, count] of countsOf(now, living).entries()) {
        const lost = now.filter((holder, key) => holder === living[index] && next[key] !== holder).length;
        expect(lost).toBeLessThanOrEqual(Math.max(0, count - least));
      }
    }),
  );
});

test("it comes to the same end in steps: each takes what is free and gives up what is too much, one after another", () => {
  fc.assert(
    fc.property(holders, members, fc.array(fc.nat(5), { maxLength: 30 }), (now, living, turns) => {
      let table = [...now];
      const step = (self: string) => {
        const next = sharedOut(table, living);
        table = table.map((holder, key) => {
          const isFree = holder === undefined || !living.includes(holder);
          if (isFree && next[key] === self) return self;
          return holder === self && next[key] !== self ? undefined : holder;
        });
      };
      for (const turn of turns) step(living[turn % living.length] ?? "");
      for (let round = 0; round < 3; round++) for (const self of living) step(self);
      expect(sharedOut(table, living)).toEqual(table);
    }),
  );
});
