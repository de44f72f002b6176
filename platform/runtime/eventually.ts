import { setTimeout as wait } from "node:timers/promises";

/** How long a process that starts waits for those that it needs: all may be started at once. */
export const startMs = 30_000;
const retryMs = 200;

/** Asks until there is an answer; undefined where none came in time. */
export async function eventually<Value>(
  ask: () => Promise<Value | undefined>,
  withinMs = startMs,
): Promise<Value | undefined> {
  const until = performance.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined || performance.now() > until) return value;
    await wait(retryMs);
  }
}
