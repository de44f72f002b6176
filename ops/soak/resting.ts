import { until } from "#platform/testing/until.ts";
import { pause } from "./behaviours/raw.ts";
import type { Holdings, Observer } from "./observer.ts";

/** Time for the server to notice who left. */
const restMs = 30_000;
const lookMs = 200;

/** What a server holds once it has so many streams. */
export async function holdingsWith(observer: Observer, streams: number): Promise<Holdings> {
  let holdings = await observer.holdings();
  await until(async () => {
    holdings = await observer.holdings();
    return holdings.streams === streams ? "" : `${holdings.streams} streams are open`;
  });
  return holdings;
}

/** Waits until the server holds no more than `resting`. Returns what is too much, or "". */
export async function comeToRest(observer: Observer, resting: Holdings): Promise<string> {
  const end = performance.now() + restMs;
  for (;;) {
    const unrest = describeExcess(await observer.holdings(), resting);
    if (unrest === "" || performance.now() > end) return unrest;
    await pause(lookMs);
  }
}

/** Says what a server holds beyond what it held; "" where it is no more. */
function describeExcess(now: Holdings, before: Holdings): string {
  return [
    excess("streams", now.streams, before.streams),
    excess("calls", now.runningCalls, before.runningCalls),
    excess("descriptors", now.descriptors, before.descriptors),
    ...Object.entries(now.resources).map(([kind, count]) => excess(kind, count, before.resources[kind])),
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function excess(what: string, now = 0, before = 0): string {
  return now > before ? `${now} ${what} instead of ${before}` : "";
}
