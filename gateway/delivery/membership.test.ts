import fc from "fast-check";
import { expect, test } from "vitest";
import { Membership, type MembershipChange } from "./membership.ts";

/** Comings and goings in turn, at rising numbers. */
const changes = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 12 })
  .map((seqs) => seqs.sort((a, b) => a - b).map((seq, index): MembershipChange => ({ seq, added: index % 2 === 0 })));

function learned(changes: readonly MembershipChange[]): Membership {
  const membership = new Membership();
  for (const change of changes) membership.learn(change);
  return membership;
}

test("in whatever order and how often changes are learned, the membership is the same", () => {
  const shuffled = changes.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
  );
  fc.assert(
    fc.property(shuffled, ([inOrder, anyOrder]) => {
      expect(learned(anyOrder).intervals).toEqual(learned(inOrder).intervals);
    }),
  );
});

test("an event is placed as if members were counted one event after the other", () => {
  fc.assert(
    fc.property(changes, (all) => {
      const membership = learned(all);
      let isMember = false;
      for (let seq = 1; seq <= 61; seq++) {
        const change = all.find((one) => one.seq === seq);
        const placement = membership.place(seq);
        if (change) expect(placement).toBe(change.added ? "first" : "last");
        else expect(placement).toBe(isMember ? "inside" : "outside");
        isMember = change?.added ?? isMember;
      }
      expect(membership.lasts).toBe(isMember);
    }),
  );
});

test("a removal whose addition is not known ends a membership that began before", () => {
  const membership = learned([{ seq: 7, added: false }]);
  expect([3, 7, 8].map((seq) => membership.place(seq))).toEqual(["inside", "last", "outside"]);
});
