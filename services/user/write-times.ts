import type { Clock } from "#platform/runtime/clock.ts";

/**
 * Times of writes in microseconds, strictly rising within the process: of two writes that one process makes in the same
 * millisecond the second is the later one.
 */
export function createWriteTimes(clock: Clock): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1, clock() * 1000);
    return last;
  };
}
