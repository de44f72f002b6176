/** How often a process tells that it runs. */
export const beatMs = 400;
/** Own beats without one of another process after which that one is gone: 2.0 to 2.4 s. */
export const silentBeats = 5;
/** The same after this process itself heard nothing for long: others take up to 5 s to find the engine again. */
export const silentBeatsAfterGap = 12;
/** Own beats that come sooner after another tell of a change; they don't count. */
export const leastBetweenMs = beatMs * 0.9;
/** Hearing nothing of itself for this long is a gap. */
export const gapMs = 2_000;

/**
 * Who is still heard. Time is counted in this process's own beats as they come back to it: whatever keeps those from
 * coming keeps it from taking others for gone.
 */
export class Attendance {
  readonly #self: string;
  /** The own beat with which another's patience ends. */
  readonly #ends = new Map<string, number>();
  #beats = 0;
  #heardSelfAt = Number.NEGATIVE_INFINITY;
  /** The own beat from which on silence of one who was never heard says something. */
  #tellsFrom = silentBeats;

  constructor(self: string) {
    this.#self = self;
  }

  /** Whether it was unknown. */
  heard(id: string): boolean {
    const isNew = id !== this.#self && !this.#ends.has(id);
    if (id !== this.#self) this.#ends.set(id, this.#beats + silentBeats);
    return isNew;
  }

  /** A beat of this process came back. Returns those who are gone with it. */
  heardSelf(nowMs: number): string[] {
    const sinceMs = nowMs - this.#heardSelfAt;
    if (sinceMs < leastBetweenMs) return [];
    if (sinceMs > gapMs) this.#waitLonger();
    this.#heardSelfAt = nowMs;
    this.#beats++;
    const gone = [...this.#ends].filter(([, end]) => end <= this.#beats).map(([id]) => id);
    for (const id of gone) this.#ends.delete(id);
    return gone;
  }

  left(id: string): void {
    this.#ends.delete(id);
  }

  /** Whether a process may run: it was heard lately, or it can't be told yet. */
  mayRun(id: string): boolean {
    return id === this.#self || this.#ends.has(id) || this.#beats < this.#tellsFrom;
  }

  #waitLonger(): void {
    const isFirst = this.#beats === 0;
    this.#tellsFrom = this.#beats + (isFirst ? silentBeats : silentBeatsAfterGap);
    for (const id of this.#ends.keys()) this.#ends.set(id, this.#tellsFrom);
  }
}
