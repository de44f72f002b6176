/** Times from a send to its arrival at an observer, in milliseconds. */
export interface Latencies {
  /** A send that began at `startMs` was given this `seq`. */
  sent(seq: bigint, startMs: number): void;
  /** The observer got the event with this `seq`. */
  delivered(seq: bigint, atMs: number): void;
  /** How many are complete. */
  readonly count: number;
  /** The value that a part of the latest do not exceed: 0.5 for the median. NaN where there are none. */
  percentile(part: number): number;
}

/** Most times that are kept; then the oldest go. */
const maxSamples = 10_000;
/** Most sends or arrivals that wait for their other half. */
const maxHalves = 10_000;

/** Sends and arrivals are told in any order. */
export function createLatencies(): Latencies {
  const starts = new Map<bigint, number>();
  const arrivals = new Map<bigint, number>();
  const samples: number[] = [];
  let count = 0;

  function add(ms: number): void {
    samples[count % maxSamples] = ms;
    count++;
  }
  return {
    sent(seq, startMs) {
      const arrival = arrivals.get(seq);
      if (arrival === undefined) keep(starts, seq, startMs);
      else add(arrival - startMs);
      arrivals.delete(seq);
    },
    delivered(seq, atMs) {
      const start = starts.get(seq);
      if (start === undefined) keep(arrivals, seq, atMs);
      else add(atMs - start);
      starts.delete(seq);
    },
    get count() {
      return count;
    },
    percentile(part) {
      const sorted = samples.toSorted((a, b) => a - b);
      return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
    },
  };
}

function keep(halves: Map<bigint, number>, seq: bigint, ms: number): void {
  halves.set(seq, ms);
  const [oldest] = halves.keys();
  if (halves.size > maxHalves && oldest !== undefined) halves.delete(oldest);
}
