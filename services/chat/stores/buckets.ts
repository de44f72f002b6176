/** The partitions that a range of numbers touches, in order. */
export function bucketsOf(from: number, to: number, size: number): number[] {
  const [first, last] = [Math.floor(from / size), Math.floor(to / size)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
