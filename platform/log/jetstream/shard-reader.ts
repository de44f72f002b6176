import { lastPosition } from "../event-log.ts";
import type { Positions } from "./positions.ts";
import type { ShardStream, Stored } from "./shard-stream.ts";

/**
 * Reads records of one shard by position. Any copy answers for what it has; where it ends, the leader tells whether that
 * is the tail, so that what was acknowledged is found although a copy is behind.
 */
export class ShardReader {
  readonly #stream: ShardStream;
  readonly #positions: Positions;
  /** Records below it are trimmed, also where a copy has not done so yet. */
  #floor = 1;

  constructor(stream: ShardStream, positions: Positions) {
    this.#stream = stream;
    this.#positions = positions;
  }

  async read(position: number, maxBytes: number): Promise<Stored[]> {
    const sequence = Math.max(this.#floor, await this.#positions.holding(position));
    let read = await this.#from(sequence, maxBytes);
    if (this.#isElsewhere(read[0], sequence, position)) {
      this.#positions.forget();
      read = await this.#from(Math.max(this.#floor, await this.#positions.holding(position)), maxBytes);
    }
    return read.filter(({ record }) => lastPosition(record) >= position);
  }

  /** Drops the records that end before `position`, but never the last one. */
  async trim(position: number): Promise<void> {
    const tail = await this.#positions.tail();
    if (tail === 0) return;
    const sequence = await this.#positions.holding(Math.min(position, tail));
    if (sequence <= this.#floor) return;
    await this.#stream.dropBelow(sequence);
    this.#floor = sequence;
  }

  /** Forgets what holds of this stream alone: it may be another one now. */
  forget(): void {
    this.#floor = 1;
  }

  /** Whether what was found shows that the stream is not the one that the sequence was learned from. */
  #isElsewhere(first: Stored | undefined, sequence: number, position: number): boolean {
    if (!first) return sequence <= this.#positions.lastSeen;
    if (lastPosition(first.record) < position) return true;
    return first.sequence === sequence && sequence > this.#floor && Number(first.record.position) > position;
  }

  async #from(sequence: number, maxBytes: number): Promise<Stored[]> {
    const read: Stored[] = [];
    let [next, left] = [sequence, maxBytes];
    for (;;) {
      const page = await this.#page(next, left);
      for (const stored of page) {
        left -= stored.bytes.length;
        if (read.length > 0 && left < 0) return read;
        read.push(stored);
        this.#positions.saw(stored);
        next = stored.sequence + 1;
      }
      if (page.length === 0 || left <= 0) return read;
    }
  }

  async #page(sequence: number, maxBytes: number): Promise<Stored[]> {
    const some = sequence > this.#positions.lastSeen ? [] : await this.#stream.some(sequence, maxBytes);
    if (some[0]?.sequence === sequence) return some;
    const next = await this.#stream.next(sequence);
    return next ? [next] : [];
  }
}
