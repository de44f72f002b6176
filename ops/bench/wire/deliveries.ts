import { until } from "#platform/testing/until.ts";
import { paced } from "../load/rates.ts";
import type { Crowd } from "./crowds/crowd.ts";

/** A load of deliveries, and what it cost the server. */
export interface Fanout {
  readonly deliveriesPerSecond: number;
  readonly cpuMicros: number;
}

/** Messages that may be on their way to the slowest reader before more are published: Parley's streams hold 256. */
const window = 60;
/** Messages that are published at once under load. */
const batch = 20;
/** For those who can't keep up. */
const drainMs = 60_000;

/** Publishes as fast as the readers take it. */
export async function underLoad(crowd: Crowd, size: number, seconds: number): Promise<Fanout> {
  return await measure(crowd, size, async (behind) => {
    const start = performance.now();
    let published = 0;
    while (performance.now() - start < seconds * 1000) {
      await crowd.publish(batch);
      published += batch;
      const open = () => behind(published) - (window - batch) * size;
      await until(() => (open() <= 0 ? "" : `${open()} deliveries too many are on their way`), drainMs);
    }
    return published;
  });
}

/** Publishes one message after the other, `perSecond` a second. */
export async function gently(crowd: Crowd, size: number, perSecond: number, seconds: number): Promise<Fanout> {
  return await measure(crowd, size, async () => await paced(perSecond, seconds, () => crowd.publish(1)));
}

/** `work` returns how many messages it published. */
async function measure(
  crowd: Crowd,
  size: number,
  work: (behind: (published: number) => number) => Promise<number>,
): Promise<Fanout> {
  const before = crowd.arrived();
  const cpuBefore = await crowd.server.cpuSeconds();
  const start = performance.now();
  const behind = (published: number) => published * size - (crowd.arrived() - before);
  const published = await work(behind);
  await until(() => (behind(published) <= 0 ? "" : `${behind(published)} deliveries are missing`), drainMs);
  const elapsed = (performance.now() - start) / 1000;
  const cpu = (await crowd.server.cpuSeconds()) - cpuBefore;
  const deliveries = published * size;
  return { deliveriesPerSecond: deliveries / elapsed, cpuMicros: (cpu / deliveries) * 1e6 };
}
