import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBackoff, sleep } from "./backoff.ts";

describe("backoff", () => {
  it("waits within bounds that double, and starts over after a success", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }), (dice) => {
        let turn = 0;
        const backoff = createBackoff({ firstMs: 100, maxMs: 5_000, random: () => dice[turn++ % dice.length] ?? 0 });
        for (let failure = 0; failure < 12; failure++) {
          const bound = Math.min(5_000, 100 * 2 ** failure);
          const wait = backoff.next();
          expect(wait).toBeGreaterThanOrEqual(bound / 2);
          expect(wait).toBeLessThanOrEqual(bound);
        }
        backoff.reset();
        expect(backoff.next()).toBeLessThanOrEqual(100);
      }),
    );
  });

  it("spreads clients over half of the bound, and over a tenth of what the server asked for", () => {
    const waits = (random: number, asked?: number) => createBackoff({ firstMs: 100, random: () => random }).next(asked);
    expect([0, 0.5, 1].map((random) => waits(random))).toEqual([50, 75, 100]);
    expect([0, 0.5, 1].map((random) => waits(random, 1_000))).toEqual([1_000, 1_050, 1_100]);
  });

  it("never undercuts what the server asked for", () => {
    const wait = createBackoff({ random: () => 0 }).next(7_000);
    expect(wait).toBeGreaterThanOrEqual(7_000);
    expect(createBackoff({ random: () => 1 }).next(7_000)).toBeLessThanOrEqual(7_700);
  });

  it("ends a sleep at once when aborted", async () => {
    const abort = new AbortController();
    const sleeping = sleep(60_000, abort.signal);
    abort.abort();
    await sleeping;
    await sleep(60_000, abort.signal);
  });
});
