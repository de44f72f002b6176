/**
 * The timestamp of a value of which the first writer's stays: the earlier it is written, the later it seems. All of them
 * are before the times of changes.
 */
export function firstWriteTime(): number {
  return -Math.round((performance.timeOrigin + performance.now()) * 1000);
}
