import { envelopeBytes } from "../protocols/envelopes.ts";

/** Knows, of a body that passes, whether it has just come to the end of an envelope: only there another may follow. */
export class EnvelopeEnds {
  /** Bytes of the envelope's head that have passed, and the length that they tell so far. */
  #head = 0;
  #length = 0;
  /** Bytes of its data that are still to come. */
  #left = 0;

  get isAtEnd(): boolean {
    return this.#head === 0 && this.#left === 0;
  }

  pass(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at);
        this.#left -= passed;
        at += passed;
      } else {
        this.#passHead(chunk[at] ?? 0);
        at++;
      }
    }
  }

  /** A byte of flags, then four of the length, the highest first. */
  #passHead(byte: number): void {
    if (this.#head > 0) this.#length = this.#length * 256 + byte;
    this.#head++;
    if (this.#head < envelopeBytes) return;
    this.#left = this.#length;
    this.#head = 0;
    this.#length = 0;
  }
}
