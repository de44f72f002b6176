/**
 * How often something may happen: `atOnce`, and then `perSecond`. It looks at the clock only when what may happen at
 * once is used up, so in any stretch of time up to twice that may pass.
 */
export class Allowance {
  #used = 0;
  #since = performance.now();

  /** Whether one more is allowed. `further` are some that were earned since this last was asked for. */
  take(atOnce: number, perSecond: number, further: () => number = none): boolean {
    this.#used++;
    if (this.#used <= atOnce) return true;
    const now = performance.now();
    this.#used = Math.max(1, this.#used - ((now - this.#since) / 1000) * perSecond - further());
    this.#since = now;
    return this.#used <= atOnce;
  }
}

function none(): number {
  return 0;
}
