import { platformErrors } from "#platform/rpc/errors.ts";

/** Runs a task once it is its turn. Where the signal aborts before, the place is another's and the task never runs. */
export type Turns = <Outcome>(task: () => Promise<Outcome>, signal: AbortSignal) => Promise<Outcome>;

/** Runs so many tasks at once; `most` may run or wait, in the order they came. Those beyond are refused. */
export function createTurns({ atOnce, most }: { readonly atOnce: number; readonly most: number }): Turns {
  const waiting = new Set<() => void>();
  let running = 0;
  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const leave = () => {
        waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        waiting.delete(enter);
        signal.removeEventListener("abort", leave);
        resolve();
      };
      waiting.add(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  return async (task, signal) => {
    signal.throwIfAborted();
    if (running + waiting.size >= most) throw platformErrors.PEER_UNREACHABLE({ message: "too many ask who calls" });
    // Whoever ends gives its place to the next, so that nobody comes between.
    if (running < atOnce) running++;
    else await turn(signal);
    try {
      return await task();
    } finally {
      const [next] = waiting;
      if (next) next();
      else running--;
    }
  };
}
