import { setTimeout as wait } from "node:timers/promises";

/** How long what a round needs is asked for: the machine is busy, and the round before may have left processes busy. */
const patienceMs = 60_000;
const pauseMs = 200;

/** Repeats a call, each time by the next way, until it succeeds; rejects with its last failure once patience is over. */
export async function patiently<Answer>(call: (way: number) => Promise<Answer>): Promise<Answer> {
  const endMs = performance.now() + patienceMs;
  for (let way = 0; ; way++) {
    try {
      return await call(way);
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await wait(pauseMs);
    }
  }
}
