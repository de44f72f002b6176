/** Most time from the begin of one group of a shard to that of the next, if only to space them out. */
export const maxSpacingMs = 15;
/** A group begins after the one before it when so many times what that one's append took has passed. */
const timesAppend = 3;
/** What is shorter timers don't tell. */
const timerMs = 1;

/**
 * Spaces out the groups of a shard while several senders are at work, so that what they send soon after each other shares
 * one: an append, however small, is a write on each server's disk and wakes every process that follows the shard. Who
 * sends alone never waits, nor does what comes after some silence, or to a log that answers within a fraction of a
 * millisecond.
 */
export class GroupSpacing {
  #nextMs = 0;

  /** How long the next group is to wait. Times are those of a clock that never goes back. */
  waitMs(nowMs: number): number {
    const ms = this.#nextMs - nowMs;
    return ms < timerMs ? 0 : ms;
  }

  /** Takes note that an append has settled; `areMany`: what several senders sent was in the group, or waits by now. */
  appended(begunMs: number, endedMs: number, areMany: boolean): void {
    this.#nextMs = areMany ? begunMs + Math.min(maxSpacingMs, timesAppend * (endedMs - begunMs)) : 0;
  }
}
