/**
 * How often something may happen: `atOnce`, and then `perSecond`. It looks at the clock only when what may happen at
 * once is used up, so in any stretch of time up to twice that may pass.
 */
export class Allowance {
  #used = 0;
  #since = 0;

  /** Whether one more is allowed. `earned` are some that are given back first. */
  take(atOnce: number, perSecond: number, earned = 0): boolean {
    this.#used = Math.max(0, this.#used - earned) + 1;
    if (this.#used <= atOnce) return true;
    const now = wholeMs();
    this.#used = Math.max(1, this.#used - Math.floor(((now - this.#since) / 1000) * perSecond));
    this.#since = now;
    return this.#used <= atOnce;
  }
}

/** Milliseconds that never go back. Whole numbers take no memory of their own. */
export function wholeMs(): number {
  return Math.floor(performance.now());
}
