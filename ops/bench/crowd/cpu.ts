import type { Measured } from "../load/process.ts";

/** Seconds of CPU of all of them together, so far. */
export async function cpuOf(processes: readonly Measured[]): Promise<number> {
  let sum = 0;
  for (const measured of processes) sum += await measured.cpuSeconds();
  return sum;
}
