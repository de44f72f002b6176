/** One measured number, and what it is compared with. */
export interface Figure extends Sampled {
  readonly name: string;
  readonly unit: string;
  /** What bare programs without the product, and peers, do in the same run, in the same unit. */
  readonly floors?: readonly Floor[];
  readonly goal?: Goal;
}

export interface Floor extends Sampled {
  readonly name: string;
}

/** A value, with the smallest and largest of its samples where there were several. */
export interface Sampled {
  readonly value: number;
  readonly spread?: readonly [low: number, high: number];
}

/** Every part that is named must hold. */
export interface Goal {
  readonly atMost?: number;
  readonly atLeast?: number;
  /** At most this multiple of the first floor. */
  readonly timesFloor?: number;
  /** At least this part of the first floor. */
  readonly partOfFloor?: number;
}

/** Measures some figures; cleans up after itself. */
export type Measure = () => Promise<Figure[]>;

/** The figure as a multiple of its floor. */
export function ratioTo(figure: Figure, floor: Floor): number {
  return figure.value / floor.value;
}

export function meetsGoal(figure: Figure): boolean | undefined {
  const { value, goal, floors } = figure;
  if (!goal) return undefined;
  const { atMost = Number.POSITIVE_INFINITY, timesFloor = Number.POSITIVE_INFINITY } = goal;
  const { atLeast = Number.NEGATIVE_INFINITY, partOfFloor = Number.NEGATIVE_INFINITY } = goal;
  const ratio = floors?.[0] && ratioTo(figure, floors[0]);
  const isWithin = ratio === undefined || (ratio <= timesFloor && ratio >= partOfFloor);
  return value <= atMost && value >= atLeast && isWithin;
}

/** The value that a part of the samples do not exceed: `part` is 0.5 for the median. */
export function percentile(samples: readonly number[], part: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** The median of samples, and how far they lie apart. */
export function sampled(samples: readonly number[]): Sampled {
  return { value: percentile(samples, 0.5), spread: [Math.min(...samples), Math.max(...samples)] };
}

/** A line for people, and one for each floor. */
export function describeFigure(figure: Figure): string {
  const floors = (figure.floors ?? []).map((floor) => {
    return `\n      ${round(ratioTo(figure, floor), 2)} × ${floor.name} (${describeValue(floor)})`;
  });
  return `  ${figure.name}: ${describeValue(figure)} ${figure.unit}${describeGoal(figure)}${floors.join("")}`;
}

function describeGoal(figure: Figure): string {
  if (!figure.goal) return "";
  const { atMost, atLeast, timesFloor, partOfFloor } = figure.goal;
  const told = (sign: string, number: number | undefined, unit = "") =>
    number === undefined ? [] : [`${sign} ${number.toLocaleString("en")}${unit}`];
  const parts = [
    ...told("≤", timesFloor, " × the first"),
    ...told("≥", partOfFloor, " × the first"),
    ...told("≤", atMost),
    ...told("≥", atLeast),
  ];
  return `  (goal ${parts.join(" and ")}: ${meetsGoal(figure) ? "met" : "MISSED"})`;
}

function describeValue({ value, spread }: Sampled): string {
  return spread ? `${round(value)}, of ${round(spread[0])} to ${round(spread[1])}` : round(value);
}

function round(value: number, digits = 3): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(digits);
}
