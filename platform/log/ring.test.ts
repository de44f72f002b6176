import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { conversationId } from "#platform/runtime/ids.ts";
import { eventOf } from "#platform/testing/records.ts";
import type { FollowedEntry } from "./following.ts";
import { ShardRing } from "./ring.ts";

/** What is done to a ring: `at` picks an entry by its share of those that were ever pushed. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("push" as const), of: fc.nat(3), gap: fc.nat(2) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("drop" as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("replace" as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function entryAt(position: number, of: number, text = ""): FollowedEntry {
  const id = conversationId(`conversation ${of}`);
  const event = eventOf(id, position);
  const bytes = Buffer.from(text.padEnd(position % 7, "x"));
  return {
    shard: 0,
    position,
    incarnation: 1,
    conversationId: id,
    seq: position,
    kind: event.body.case,
    event,
    bytes,
    header: { $typeName: "parley.log.v1.Header" } as FollowedEntry["header"],
  };
}

/** The ring and a plain array that does the same. */
class Model {
  readonly ring = new ShardRing(1);
  kept: FollowedEntry[] = [];
  start = 1;
  last = 0;

  run(step: Step): void {
    const target = "at" in step ? Math.round(step.at * this.last) : 0;
    if (step.kind === "push") {
      // Owner records take positions without leaving entries.
      this.last += 1 + step.gap;
      const entry = entryAt(this.last, step.of);
      this.ring.push(entry);
      this.kept.push(entry);
    } else if (step.kind === "drop") {
      const [first] = this.kept;
      const drops = first !== undefined && first.position <= target;
      expect(this.ring.dropFirst(target)).toBe(drops);
      if (!drops) return;
      this.start = first.position + 1;
      this.kept.shift();
    } else {
      const index = this.kept.findIndex(({ position }) => position === target);
      const of = Number(this.kept[index]?.conversationId.at(-1) ?? 0);
      const entry = entryAt(target, of, "replaced");
      this.ring.replace(entry);
      if (index >= 0) this.kept[index] = entry;
    }
  }

  check(): void {
    expect(this.ring.start).toBe(this.start);
    for (const position of new Set([
      0,
      this.start - 2,
      this.start - 1,
      Math.floor((this.start + this.last) / 2),
      this.last,
    ])) {
      const above = this.kept.filter((entry) => entry.position > position);
      expect(this.ring.above(position, 3)).toEqual(position + 1 < this.start ? undefined : above.slice(0, 3));
      for (const of of [0, 1, 2, 3, 4]) {
        const id = conversationId(`conversation ${of}`);
        const ofIt = above.filter((entry) => entry.conversationId === id);
        expect(this.ring.ofConversation(id, position)).toEqual(ofIt);
        expect(this.ring.ofConversation(id, position, 2)).toEqual(ofIt.slice(0, 2));
        expect(this.ring.lastOf(id)).toBe(this.kept.findLast((entry) => entry.conversationId === id));
      }
    }
    if (this.kept.length === 0) expect(this.ring.bytes).toBe(0);
    else expect(this.ring.bytes).toBeGreaterThan(this.kept.reduce((sum, { bytes }) => sum + bytes.length, 0));
  }
}

test("a ring answers what a plain array of its entries would", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const model = new Model();
      for (const step of steps) model.run(step);
      model.check();
    }),
    { numRuns: 300 },
  );
});

test("a ring that has dropped thousands of entries answers the same, and lets their bytes go", () => {
  const model = new Model();
  for (let count = 0; count < 5000; count++) {
    model.run({ kind: "push", of: count % 4, gap: 0 });
    if (count % 10 !== 0) model.run({ kind: "drop", at: 1 });
  }
  model.check();
  while (model.ring.dropFirst(model.last));
  expect(model.ring.bytes).toBe(0);
});

test("what is dropped is let go, but for a few", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const model = new Model();
  for (let count = 0; count < 2000; count++) model.run({ kind: "push", of: count % 4, gap: 0 });
  const dropped = model.kept.slice(0, 1900).map((entry) => new WeakRef(entry));
  for (let count = 0; count < 1900; count++) model.run({ kind: "drop", at: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(dropped.filter((entry) => entry.deref() !== undefined).length).toBeLessThan(100);
  model.check();
});
