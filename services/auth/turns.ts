import { platformErrors } from "#platform/rpc/errors.ts";

/** Runs a task once it is its turn. */
export type Turns = <Outcome>(task: () => Promise<Outcome>) => Promise<Outcome>;

/** Runs so many tasks at once; `most` may run or wait, in the order they came. Those beyond are refused. */
export function createTurns({ atOnce, most }: { readonly atOnce: number; readonly most: number }): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running + waiting.length >= most) throw platformErrors.PEER_UNREACHABLE({ message: "too many ask who calls" });
    // Whoever ends gives its place to the next, so that nobody comes between.
    if (running < atOnce) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
