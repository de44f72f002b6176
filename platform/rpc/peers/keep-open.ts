import { setTimeout as wait } from "node:timers/promises";

const firstWaitMs = 50;
/** Longest time between two tries to open a stream again. */
export const maxWaitMs = 1_000;

/**
 * Opens a stream to a peer, and again whenever it ends or fails, until the signal aborts: for ever, as a peer that is
 * away comes back. `run` reads the stream while it lasts.
 */
export async function keepOpen(signal: AbortSignal, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  let waitMs = firstWaitMs;
  while (!signal.aborted) {
    const begun = performance.now();
    await run(signal).catch(() => undefined);
    // One that lasted is likely to last again.
    if (performance.now() - begun > maxWaitMs) waitMs = firstWaitMs;
    await wait(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    waitMs = Math.min(maxWaitMs, 2 * waitMs);
  }
}
