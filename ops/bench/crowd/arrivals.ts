/** When each of a number of messages arrived, in milliseconds since the epoch: how many times at which. */
export type Arrivals = readonly (readonly (readonly [ms: number, count: number])[])[];

/** Milliseconds since the epoch that mean the same in every process of the machine, with a fraction. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

export function createArrivals() {
  const ofMessages: Map<number, number>[] = [];
  return {
    /** Takes note that the `nth` message of some stream is here. */
    note(nth: number): void {
      ofMessages[nth] ??= new Map();
      const counts = ofMessages[nth];
      const ms = Math.floor(preciseNow());
      counts?.set(ms, (counts.get(ms) ?? 0) + 1);
    },
    read: (): Arrivals => ofMessages.map((counts) => [...counts]),
  };
}

/** How one message spread, in milliseconds since it was sent. */
export interface Spread {
  readonly count: number;
  readonly first: number;
  readonly median: number;
  readonly last: number;
}

/** Brings together what several processes saw of the `nth` message. */
export function spreadOf(all: readonly Arrivals[], nth: number, sentAt: number): Spread {
  const points = all.flatMap((arrivals) => [...(arrivals[nth] ?? [])]).sort(([a], [b]) => a - b);
  const count = points.reduce((sum, [, each]) => sum + each, 0);
  let seen = 0;
  const median = points.find(([, each]) => {
    seen += each;
    return seen >= count / 2;
  });
  const since = (point: readonly [number, number] | undefined) => (point ? point[0] - sentAt : Number.NaN);
  return { count, first: since(points[0]), median: since(median), last: since(points.at(-1)) };
}
