import { lastPosition } from "../event-log.ts";
import type { ShardStream, Stored } from "./shard-stream.ts";

/** Beginnings of records that are kept in mind: readers go on where they were, and live records come in order. */
const maxBeginnings = 1024;

/**
 * Finds positions of one shard in its stream. Keeps in mind at which sequence the record that begins at a position is,
 * or will be, from records that were seen; what it does not know it looks for in the stream, where sequences rise with
 * positions, and the first of them may be gone.
 */
export class Positions {
  readonly #stream: ShardStream;
  readonly #beginnings = new Map<number, number>();

  /** The highest sequence that was seen, 0 when none was. */
  lastSeen = 0;

  constructor(stream: ShardStream) {
    this.#stream = stream;
  }

  /** Takes note of a committed record. */
  saw({ sequence, record }: Omit<Stored, "bytes">): void {
    this.lastSeen = Math.max(this.lastSeen, sequence);
    this.#note(Number(record.position), sequence);
    this.#note(lastPosition(record) + 1, sequence + 1);
  }

  /** Forgets all: the stream may be another one now. */
  forget(): void {
    this.#beginnings.clear();
    this.lastSeen = 0;
  }

  /** The last position that the stream's leader holds, 0 when empty. */
  async tail(): Promise<number> {
    const last = await this.#stream.last();
    if (!last) {
      this.forget();
      this.#note(1, 1);
      return 0;
    }
    this.saw(last);
    return lastPosition(last.record);
  }

  /** Sequence of the record after which `tail` is the last position; undefined where it is not. */
  async endingAt(tail: number): Promise<number | undefined> {
    const known = this.#beginnings.get(tail + 1);
    if (known !== undefined) return known - 1;
    if ((await this.tail()) !== tail) return undefined;
    return (this.#beginnings.get(tail + 1) ?? 0) - 1;
  }

  /** Sequence at or above which the record is that holds `position`, or the first later one, and none below it does. */
  async holding(position: number): Promise<number> {
    const known = this.#beginnings.get(position);
    if (known !== undefined) return known;
    let { from, to } = this.#around(position);
    if (to === undefined) {
      const tail = await this.tail();
      if (tail < position) return this.#beginnings.get(tail + 1) ?? 1;
      ({ from, to } = this.#around(position));
    }
    return this.#search(position, from, to ?? from);
  }

  /** `from` and `to` are the first and the last sequence at which the record may be that holds the position. */
  #around(position: number): { from: number; to: number | undefined } {
    let from = 1;
    let to: number | undefined;
    for (const [beginning, sequence] of this.#beginnings) {
      if (beginning <= position) from = Math.max(from, sequence);
      else to = Math.min(to ?? sequence - 1, sequence - 1);
    }
    return { from, to };
  }

  async #search(position: number, from: number, to: number): Promise<number> {
    let [low, high, found] = [from, to - 1, to];
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const stored = (await this.#stream.some(middle, 1))[0] ?? (await this.#stream.next(middle));
      if (stored) this.saw(stored);
      if (stored && lastPosition(stored.record) < position) {
        low = stored.sequence + 1;
      } else {
        high = middle - 1;
        found = Math.min(found, stored?.sequence ?? found);
      }
    }
    return found;
  }

  #note(position: number, sequence: number): void {
    this.#beginnings.delete(position);
    this.#beginnings.set(position, sequence);
    if (this.#beginnings.size <= maxBeginnings) return;
    for (const oldest of this.#beginnings.keys()) {
      this.#beginnings.delete(oldest);
      return;
    }
  }
}
