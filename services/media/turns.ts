import { platformErrors } from "#platform/rpc/errors.ts";

/** Tasks of one key that may wait or run; each may hold a chunk. */
export const maxWaiting = 32;
const retryAfterMs = 1_000;

/** Runs the tasks of a key one after the other, in the order they came. Tasks beyond `maxWaiting` are refused. */
export type Turns = <Result>(key: string, task: () => Promise<Result>) => Promise<Result>;

export function createTurns(): Turns {
  const queues = new Map<string, { last: Promise<unknown>; length: number }>();
  return async (key, task) => {
    const queue = queues.get(key) ?? { last: Promise.resolve(), length: 0 };
    if (queue.length >= maxWaiting) throw platformErrors.RATE_LIMITED({ retryAfterMs });
    queues.set(key, queue);
    queue.length++;
    const own = queue.last.then(task, task);
    queue.last = own;
    try {
      return await own;
    } finally {
      if (--queue.length === 0) queues.delete(key);
    }
  };
}
