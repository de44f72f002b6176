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
    const excess = describeExcess(await observer.holdings(), resting);
    if (excess === "" || performance.now() > end) return excess;
    await pause(lookMs);
  }
}

/** Says what a server holds beyond what it held; "" where it is no more. */
function describeExcess(now: Holdings, before: Holdings): string {
  const excess = [
    now.streams > before.streams ? `${now.streams} streams instead of ${before.streams}` : "",
    now.runningCalls > before.runningCalls ? `${now.runningCalls} calls instead of ${before.runningCalls}` : "",
    now.resources !== before.resources ? `[${now.resources}] instead of [${before.resources}]` : "",
    (now.descriptors ?? 0) > (before.descriptors ?? 0)
      ? `${now.descriptors} descriptors instead of ${before.descriptors}`
      : "",
  ];
  return excess.filter((part) => part !== "").join(", ");
}
