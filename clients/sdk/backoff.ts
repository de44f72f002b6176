/** Waiting times between tries: random up to a bound that doubles with each failure. */
export interface Backoff {
  /** Milliseconds until the next try; at least what the server asked for. */
  next(retryAfterMs?: number): number;
  /** Call it after a success. */
  reset(): void;
}

export interface BackoffOptions {
  /** Bound of the first wait. */
  readonly firstMs?: number;
  /** Bound of all waits. */
  readonly maxMs?: number;
  readonly random?: () => number;
}

/**
 * Jitter spreads clients that failed together. What a server asks to wait is exceeded by up to a tenth, never undercut.
 *
 * @example
 * const backoff = createBackoff({ firstMs: 250, maxMs: 30_000 });
 * await sleep(backoff.next(), signal);
 */
export function createBackoff(options: BackoffOptions = {}): Backoff {
  const { firstMs = 250, maxMs = 30_000, random = Math.random } = options;
  let failures = 0;
  return {
    next(retryAfterMs = 0) {
      const bound = Math.min(maxMs, firstMs * 2 ** Math.min(failures++, 30));
      return Math.round(Math.max(bound / 2 + (random() * bound) / 2, retryAfterMs * (1 + random() / 10)));
    },
    reset() {
      failures = 0;
    },
  };
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
