/** A run of `seq` that a member may see, ends included. `to` is infinite while the membership lasts. */
export interface VisibleRange {
  readonly from: number;
  readonly to: number;
}

/** Ranges in order, without overlap. */
export type Visibility = readonly VisibleRange[];

export function isVisible(ranges: Visibility, seq: number): boolean {
  return ranges.some((range) => seq >= range.from && seq <= range.to);
}

/** The parts of `from`…`to` that are visible. */
export function visibleWithin(ranges: Visibility, from: number, to: number): VisibleRange[] {
  return ranges
    .map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to, to) }))
    .filter((range) => range.from <= range.to);
}

/** Opens a range at `from`; what an earlier range already shows is not repeated. */
export function openRange(ranges: Visibility, from: number): VisibleRange[] {
  const kept = ranges.filter((range) => range.from < from);
  const last = kept.at(-1);
  if (last && last.to >= from - 1) return [...kept.slice(0, -1), { from: last.from, to: Number.POSITIVE_INFINITY }];
  return [...kept, { from, to: Number.POSITIVE_INFINITY }];
}

/** Ends the open range with `to`. Without an open range nothing changes. */
export function closeRange(ranges: Visibility, to: number): VisibleRange[] {
  return ranges.map((range) => (range.to === Number.POSITIVE_INFINITY ? { from: range.from, to } : range));
}

/** `from`…`to` without the holes, in order; holes are in order. */
export function withoutHoles(range: VisibleRange, holes: readonly VisibleRange[]): VisibleRange[] {
  let rest: VisibleRange[] = [range];
  for (const hole of holes) {
    rest = rest.flatMap((part) => [
      ...visibleWithin([part], Number.NEGATIVE_INFINITY, hole.from - 1),
      ...visibleWithin([part], hole.to + 1, Number.POSITIVE_INFINITY),
    ]);
  }
  return rest;
}
