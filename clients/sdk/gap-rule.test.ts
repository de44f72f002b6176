import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventSchema, JoinedSchema, LeftSchema, LimitedSchema, ResetSchema, SkipSchema } from "./contract.ts";
import { follow, type OrderFrame } from "./gap-rule.ts";

/** A stream's account of events `1..length`, of which `hidden` are not visible to the reader. */
interface Story {
  readonly length: number;
  readonly hidden: ReadonlySet<number>;
}

const story: fc.Arbitrary<Story> = fc
  .record({ length: fc.integer({ min: 1, max: 60 }), hidden: fc.array(fc.integer({ min: 1, max: 60 })) })
  .map(({ length, hidden }) => ({ length, hidden: new Set(hidden) }));

describe("gap rule", () => {
  it("applies every visible event once and in order, however the stream repeats, limits and breaks", () => {
    fc.assert(
      fc.property(
        story,
        fc.array(fc.record({ back: fc.nat(20), ahead: fc.nat(30), limit: fc.boolean() })),
        (told, runs) => {
          const reader = createReader(told);
          let sent = 0;
          for (const run of [...runs, { back: 0, ahead: told.length, limit: false }]) {
            const from = Math.max(0, sent - run.back);
            sent = Math.min(told.length, Math.max(sent, from + run.ahead));
            for (const frame of run.limit ? [limited(from + 1, sent)] : replay(told, from + 1, sent))
              reader.read(frame);
          }
          expect(reader.seen).toEqual(visible(told, 1, told.length));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("pages a hole that nothing announced", () => {
    fc.assert(
      fc.property(story, fc.array(fc.boolean(), { maxLength: 60 }), (told, lost) => {
        const reader = createReader(told);
        replay(told, 1, told.length)
          .filter((frame, index) => frame.case === "joined" || !lost[index])
          .forEach(reader.read);
        reader.read(limited(1, told.length));
        expect(reader.seen).toEqual(visible(told, 1, told.length));
      }),
    );
  });

  it("passes over a void as over one number", () => {
    const lost = create(EventSchema, {
      seq: 4_294_967_295n,
      body: { case: "void", value: { from: 8n, to: 4_294_967_295n } },
    });
    expect(follow(7n, { case: "event", value: lost })).toEqual({
      last: 4_294_967_295n,
      steps: [{ kind: "apply", event: lost }],
    });
  });

  it("begins with the first event of a conversation that it has not heard of", () => {
    expect(follow(undefined, event(9)).last).toBe(9n);
    expect(follow(undefined, event(9)).steps).toMatchObject([{ kind: "apply" }]);
  });

  it("ends at left, after paging what is missing, and ignores a left of an earlier membership", () => {
    const left = (toSeq: bigint): OrderFrame => ({ case: "left", value: create(LeftSchema, { toSeq }) });
    expect(follow(5n, left(7n))).toEqual({
      last: undefined,
      steps: [
        { kind: "page", fromSeq: 6n, toSeq: 7n },
        { kind: "left", toSeq: 7n },
      ],
    });
    expect(follow(12n, left(7n))).toEqual({ last: 12n, steps: [] });
  });

  it("drops what is above a reset, and takes the numbers again", () => {
    const reset: OrderFrame = { case: "reset", value: create(ResetSchema, { keepSeq: 3n }) };
    expect(follow(9n, reset)).toEqual({ last: 3n, steps: [{ kind: "reset", keepSeq: 3n }] });
    expect(follow(2n, reset).last).toBe(2n);
    expect(follow(undefined, reset).last).toBeUndefined();
  });
});

/** A client that holds to the rule and answers `page` from the story. */
function createReader(told: Story) {
  let last: bigint | undefined;
  const seen: number[] = [];
  return {
    seen,
    read(frame: OrderFrame) {
      const verdict = follow(last, frame);
      last = verdict.last;
      for (const step of verdict.steps) {
        if (step.kind === "apply") seen.push(Number(step.event.seq));
        if (step.kind === "page") seen.push(...visible(told, Number(step.fromSeq), Number(step.toSeq)));
      }
    },
  };
}

function replay(told: Story, from: number, to: number): OrderFrame[] {
  const frames: OrderFrame[] = from === 1 ? [{ case: "joined", value: create(JoinedSchema, { baseSeq: 0n }) }] : [];
  for (let seq = from; seq <= to; seq++) frames.push(told.hidden.has(seq) ? skip(seq) : event(seq));
  return frames;
}

function visible(told: Story, from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index).filter(
    (seq) => !told.hidden.has(seq),
  );
}

function event(seq: number): OrderFrame {
  return { case: "event", value: create(EventSchema, { seq: BigInt(seq) }) };
}

function skip(seq: number): OrderFrame {
  return { case: "skip", value: create(SkipSchema, { fromSeq: BigInt(seq), toSeq: BigInt(seq) }) };
}

function limited(from: number, to: number): OrderFrame {
  return { case: "limited", value: create(LimitedSchema, { fromSeq: BigInt(from), toSeq: BigInt(to) }) };
}
