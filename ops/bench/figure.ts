/** One measured number, and what it is compared with. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** What a bare program without the product does in the same run, in the same unit. */
  readonly floors?: readonly Floor[];
  readonly goal?: { readonly atMost: number };
}

export interface Floor {
  readonly name: string;
  readonly value: number;
}

/** Measures some figures; cleans up after itself. */
export type Measure = () => Promise<Figure[]>;

/** The figure as a multiple of its floor. */
export function ratioTo(figure: Figure, floor: Floor): number {
  return figure.value / floor.value;
}

export function meetsGoal({ value, goal }: Figure): boolean | undefined {
  return goal && value <= goal.atMost;
}

/** The value that a part of the samples do not exceed: `part` is 0.5 for the median. */
export function percentile(samples: readonly number[], part: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** A line for people. */
export function describeFigure(figure: Figure): string {
  const goal = figure.goal ? `  (goal ≤ ${figure.goal.atMost}: ${meetsGoal(figure) ? "met" : "MISSED"})` : "";
  const floors = (figure.floors ?? []).map((floor) => {
    const ratio = ratioTo(figure, floor);
    return `\n      ${ratio.toPrecision(2)} × ${floor.name} (${round(floor.value)})`;
  });
  return `  ${figure.name}: ${round(figure.value)} ${figure.unit}${goal}${floors.join("")}`;
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}
