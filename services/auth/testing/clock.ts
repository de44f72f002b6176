import type { Clock } from "#platform/runtime/clock.ts";

/** A clock that a test turns. */
export interface TurnedClock {
  readonly now: Clock;
  turn(ms: number): void;
}

export function createTurnedClock(start = Date.UTC(2026, 0, 1)): TurnedClock {
  let time = start;
  return {
    now: () => time,
    turn(ms) {
      time += ms;
    },
  };
}
