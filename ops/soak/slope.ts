/** A value at a time. */
export type Point = readonly [at: number, value: number];

/** By how much the value grows each unit of time: of the line that lies closest to the points. 0 for fewer than two. */
export function slopeOf(points: readonly Point[]): number {
  const mean = (each: readonly number[]) => each.reduce((sum, value) => sum + value, 0) / each.length;
  const [meanAt, meanValue] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  let [together, alone] = [0, 0];
  for (const [at, value] of points) {
    together += (at - meanAt) * (value - meanValue);
    alone += (at - meanAt) ** 2;
  }
  return alone > 0 ? together / alone : 0;
}
