import { envelopeBytes } from "../protocols/envelopes.ts";

/**
 * Makes of the pieces of a body messages of whole envelopes, so that clients need not put any together. Most writers
 * write whole ones, which pass as they are; bodies that are passed on from another process come in pieces of any size.
 */
export class WholeEnvelopes {
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  /** Bytes that the rest has once its first envelope is whole, as far as is known. */
  #needs = envelopeBytes;

  /** What is whole now; undefined where nothing is. */
  take(piece: Uint8Array): Uint8Array | undefined {
    if (this.#restBytes === 0) return this.#cut(piece);
    this.#rest.push(piece);
    this.#restBytes += piece.length;
    return this.#restBytes < this.#needs ? undefined : this.#cut(Buffer.concat(this.#rest));
  }

  #cut(bytes: Uint8Array): Uint8Array | undefined {
    let [end, next] = [0, 0];
    while (next <= bytes.length) {
      end = next;
      if (bytes.length - end < envelopeBytes) next = Number.POSITIVE_INFINITY;
      else next = end + envelopeBytes + lengthAt(bytes, end + 1);
    }
    const rest = bytes.subarray(end);
    this.#rest = rest.length > 0 ? [rest] : [];
    this.#restBytes = rest.length;
    this.#needs = Number.isFinite(next) ? next - end : envelopeBytes;
    if (end === 0) return undefined;
    return rest.length > 0 ? bytes.subarray(0, end) : bytes;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  let length = 0;
  for (let index = at; index < at + 4; index++) length = length * 256 + (bytes[index] ?? 0);
  return length;
}
