import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type CoarseTimer, createTimerWheel, type TimerWheel, tickMs } from "./timer-wheel.ts";

/** Time that the event loop stood still: it has passed, but nothing ran. */
let stalled = 0;
const now = () => performance.now() + stalled;

beforeEach(() => {
  stalled = 0;
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setImmediate", "performance"] });
});
afterEach(() => void vi.useRealTimers());

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("set" as const), ms: fc.integer({ min: 0, max: 3000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stall" as const), ms: fc.integer({ min: 1, max: 5000 }) }) },
);

interface Expected {
  readonly due: number;
  readonly timer: CoarseTimer;
  readonly ranAt: number[];
  isCancelled: boolean;
}

function set(wheel: TimerWheel, ms: number): Expected {
  const ranAt: number[] = [];
  return { due: now() + ms, timer: wheel.after(ms, () => void ranAt.push(now())), ranAt, isCancelled: false };
}

function cancel(expected: Expected | undefined): void {
  expected?.timer.cancel();
  if (expected?.ranAt.length === 0) expected.isCancelled = true;
}

test("each timer runs once and never early, unless it was cancelled before", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const wheel = createTimerWheel(now);
      const all: Expected[] = [];
      for (const each of steps) {
        if (each.kind === "set") all.push(set(wheel, each.ms));
        else if (each.kind === "cancel") cancel(all[each.which % all.length]);
        else if (each.kind === "pass") vi.advanceTimersByTime(each.ms);
        else stalled += each.ms;
      }
      vi.advanceTimersByTime(3000 + 2 * tickMs);
      for (const { due, ranAt, isCancelled } of all) {
        expect(ranAt).toHaveLength(isCancelled ? 0 : 1);
        for (const time of ranAt) expect(time).toBeGreaterThanOrEqual(due);
      }
      expect(vi.getTimerCount()).toBe(0);
    }),
  );
});

test("a timer is late by two ticks at most", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 250 }), fc.integer({ min: 0, max: 2000 }), (offset, ms) => {
      const wheel = createTimerWheel(now);
      wheel.after(5000, () => {});
      vi.advanceTimersByTime(offset);
      let lateness = Number.NaN;
      const due = now() + ms;
      wheel.after(ms, () => (lateness = now() - due));
      vi.advanceTimersByTime(6000);
      expect(lateness).toBeGreaterThanOrEqual(0);
      expect(lateness).toBeLessThanOrEqual(2 * tickMs);
    }),
  );
});

test("a timer may set another and cancel its neighbours", () => {
  const wheel = createTimerWheel(now);
  const ran: string[] = [];
  wheel.after(50, () => {
    ran.push("first");
    neighbour.cancel();
    wheel.after(0, () => ran.push("next"));
  });
  const neighbour = wheel.after(50, () => ran.push("neighbour"));
  wheel.after(50, () => ran.push("last"));
  vi.advanceTimersByTime(tickMs);
  expect(ran).toEqual(["first", "last"]);
  vi.advanceTimersByTime(tickMs);
  expect(ran).toEqual(["first", "last", "next"]);
});

test("one that throws does not keep others from running", () => {
  const wheel = createTimerWheel(now);
  let ran = 0;
  wheel.after(10, () => {
    throw new Error("thrown by a timer");
  });
  wheel.after(10, () => ran++);
  vi.advanceTimersToNextTimer();
  expect(ran).toBe(1);
  expect(() => vi.runAllTimers()).toThrow("thrown by a timer");
});

test("nothing ticks unless something waits", () => {
  const wheel = createTimerWheel(now);
  expect(vi.getTimerCount()).toBe(0);
  const timers = [wheel.after(10, () => {}), wheel.after(100_000, () => {})];
  expect(vi.getTimerCount()).toBe(1);
  for (const timer of timers) timer.cancel();
  vi.advanceTimersByTime(tickMs);
  expect(vi.getTimerCount()).toBe(0);
});
