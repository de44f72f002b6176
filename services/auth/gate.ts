/** Lets few pieces of work run at once, a bounded number wait, and refuses the rest. */
export interface Gate {
  /** Runs `work` in its turn. Rejects at once where too many wait, and as soon as the signal aborts a wait. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export interface GateOptions {
  readonly atOnce: number;
  readonly waiting: number;
  /** What a caller is told whom the queue has no room for. */
  readonly refusal: () => Error;
}

export function createGate({ atOnce, waiting, refusal }: GateOptions): Gate {
  const queue = new Set<() => void>();
  let running = 0;

  function turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        queue.delete(admit);
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = () => {
        queue.delete(admit);
        reject(signal.reason);
      };
      queue.add(admit);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  return {
    async run(work, signal) {
      signal.throwIfAborted();
      if (running < atOnce) running++;
      else if (queue.size >= waiting) throw refusal();
      else await turn(signal);
      try {
        return await work();
      } finally {
        const [next] = queue;
        if (next) next();
        else running--;
      }
    },
  };
}
