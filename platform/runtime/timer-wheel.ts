/** How coarse the timers are: one runs at its time or up to two ticks later, never earlier. */
export const tickMs = 100;

export interface CoarseTimer {
  /** Takes the timer back; harmless once it ran, or twice. */
  cancel(): void;
}

/**
 * Timers that share one clock, for the many waits that hardly ever run out and need not be exact: setting one and
 * taking it back costs a link in a list. They don't keep the process alive, and while none waits nothing ticks.
 */
export interface TimerWheel {
  /** Runs `run` once, `ms` from now. What it throws is thrown by itself, as an uncaught exception. */
  after(ms: number, run: () => void): CoarseTimer;
}

/** `now` is in milliseconds and never goes back. */
export function createTimerWheel(now: () => number = () => performance.now()): TimerWheel {
  /** Waiting timers by the tick they are due at, counted since the clock started. */
  const due = new Map<number, Link>();
  let waiting = 0;
  let started = 0;
  let lastTick = 0;
  let clock: NodeJS.Timeout | undefined;

  const settle = () => void waiting--;
  const turn = () => {
    const tick = Math.floor((now() - started) / tickMs);
    // Several ticks are due where the event loop stood still.
    while (lastTick < tick) {
      lastTick++;
      const ring = due.get(lastTick);
      if (!ring) continue;
      due.delete(lastTick);
      while (ring.next !== ring) (ring.next as Timer).runOut();
    }
    if (waiting > 0) return;
    clearInterval(clock);
    clock = undefined;
    due.clear();
  };
  const start = () => {
    started = now();
    lastTick = 0;
    clock = setInterval(turn, tickMs).unref();
  };

  return {
    after(ms, run) {
      if (!clock) start();
      const tick = Math.max(lastTick + 1, Math.ceil((now() - started + ms) / tickMs));
      const ring = due.get(tick) ?? new Link();
      due.set(tick, ring);
      waiting++;
      return new Timer(ring, run, settle);
    },
  };
}

/** The wheel of the process. */
export const coarseTimers: TimerWheel = createTimerWheel();

/** A place in a ring; alone, it is linked with itself. */
class Link {
  previous: Link = this;
  next: Link = this;
}

class Timer extends Link implements CoarseTimer {
  readonly #run: () => void;
  readonly #settle: () => void;

  constructor(ring: Link, run: () => void, settle: () => void) {
    super();
    this.#run = run;
    this.#settle = settle;
    this.previous = ring.previous;
    this.next = ring;
    ring.previous.next = this;
    ring.previous = this;
  }

  cancel(): void {
    if (this.next === this) return;
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
    this.#settle();
  }

  runOut(): void {
    this.cancel();
    try {
      this.#run();
    } catch (error) {
      // The others are to run, too.
      setImmediate(() => {
        throw error;
      });
    }
  }
}
