import { type Figure, type Goal, sampled } from "../figure.ts";

export interface Comparison<Sample> {
  readonly name: string;
  readonly unit: string;
  /** What each contender did in each round; the last one is ours, the first one is what goals are measured by. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly value: (sample: Sample) => number;
  readonly goal?: Goal;
}

/** Ours, with everybody else as its floors. */
export function sideBySide<Sample>({ samples, value, ...named }: Comparison<Sample>): Figure {
  const values = [...samples].map(([name, each]) => ({ name, ...sampled(each.map(value)) }));
  const ours = values.pop();
  if (!ours) throw new RangeError("nobody was measured");
  return { ...ours, ...named, floors: values };
}
