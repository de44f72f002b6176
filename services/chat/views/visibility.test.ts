import fc from "fast-check";
import { expect, test } from "vitest";
import { closeRange, isVisible, openRange, type VisibleRange, visibleWithin, withoutHoles } from "./visibility.ts";

const last = 60;
const all = Array.from({ length: last }, (_, index) => index + 1);
const numberFrom = fc.integer({ min: 1, max: last });
const pair = fc.tuple(numberFrom, numberFrom).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));

const membersOf = (ranges: readonly VisibleRange[]) => all.filter((seq) => isVisible(ranges, seq));

/** Someone comes and goes: the numbers at which they do, and whether a coming opens everything before it. */
const comings = fc.array(fc.record({ stay: fc.nat(8), away: fc.nat(8), fromStart: fc.boolean() }), { maxLength: 6 });

test("ranges opened and closed by coming and going hold what a set of numbers would", () => {
  fc.assert(
    fc.property(comings, fc.boolean(), (script, staysAtLast) => {
      let [ranges, seq]: [VisibleRange[], number] = [[], 1];
      const model = new Set<number>();
      for (const [index, { stay, away, fromStart }] of script.entries()) {
        seq += away;
        const from = fromStart ? 1 : seq;
        ranges = openRange(ranges, from);
        const isLast = index === script.length - 1;
        const to = isLast && staysAtLast ? last : seq + stay;
        for (let visible = from; visible <= to; visible++) model.add(visible);
        if (!isLast || !staysAtLast) ranges = closeRange(ranges, to);
        seq = to + 1;
      }
      expect(membersOf(ranges)).toEqual(all.filter((visible) => model.has(visible)));
      for (const [index, { from, to }] of ranges.entries()) {
        expect(from).toBeLessThanOrEqual(to);
        expect(from).toBeGreaterThan((ranges[index - 1]?.to ?? -1) + 1);
      }
    }),
  );
});

test("closing without an open range, and opening twice, change nothing", () => {
  const closed = closeRange(openRange([], 3), 9);
  expect(closeRange(closed, 20)).toEqual(closed);
  const open = openRange(closed, 12);
  expect(openRange(open, 12)).toEqual(open);
});

/** Ranges in order that do not touch. */
const ranges = fc.array(fc.tuple(fc.integer({ min: 2, max: 9 }), fc.nat(8)), { maxLength: 6 }).map((steps) => {
  let last = 0;
  return steps.map(([gap, length]) => {
    const from = last + gap;
    last = from + length;
    return { from, to: last };
  });
});

test("what is visible within two numbers is the intersection, in order", () => {
  fc.assert(
    fc.property(ranges, numberFrom, numberFrom, (own, from, to) => {
      const cut = visibleWithin(own, from, to);
      const wanted = membersOf(own).filter((seq) => seq >= from && seq <= to);
      expect(cut.flatMap((range) => all.filter((seq) => isVisible([range], seq)))).toEqual(wanted);
    }),
  );
});

test("a range without holes is the difference, in order", () => {
  fc.assert(
    fc.property(pair, fc.array(pair, { maxLength: 5 }), (range, pairs) => {
      const holes = pairs.sort((a, b) => a.from - b.from);
      const rest = withoutHoles(range, holes);
      const wanted = membersOf([range]).filter((seq) => !isVisible(holes, seq));
      expect(rest.flatMap((part) => all.filter((seq) => isVisible([part], seq)))).toEqual(wanted);
      expect(rest.every(({ from, to }) => from <= to)).toBe(true);
    }),
  );
  expect(withoutHoles({ from: 1, to: Number.POSITIVE_INFINITY }, [{ from: 3, to: 4 }])).toEqual([
    { from: 1, to: 2 },
    { from: 5, to: Number.POSITIVE_INFINITY },
  ]);
});
