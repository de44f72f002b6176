import type { Item } from "./frames.ts";

/** Most frames, and most bytes of frames, that wait for one client. */
export const maxQueuedFrames = 256;
export const maxQueuedBytes = 1024 * 1024;
/** As many as are written at once: beyond it nothing more is read for a client that comes back. */
export const enoughFrames = 32;
const enoughBytes = 32 * 1024;

/** Frames that wait for a client to read them. The first has a field of its own: mostly it is the only one. */
export class FrameQueue {
  #first: Item | undefined;
  #rest: Item[] | undefined;
  /** How many of the rest were taken. */
  #taken = 0;
  #bytes = 0;

  get length(): number {
    if (!this.#first) return 0;
    return this.#rest ? 1 + this.#rest.length - this.#taken : 1;
  }

  get hasEnough(): boolean {
    return this.length >= enoughFrames || this.#bytes >= enoughBytes;
  }

  /** False, and nothing added, where the frame would exceed the bounds. One frame always fits. */
  push(item: Item): boolean {
    if (!this.#first) this.#first = item;
    else if (this.length >= maxQueuedFrames || this.#bytes + item.frame.bytes > maxQueuedBytes) return false;
    else this.#pushLater(item);
    this.#bytes += item.frame.bytes;
    return true;
  }

  shift(): Item | undefined {
    const item = this.#first;
    if (!item) return undefined;
    this.#bytes -= item.frame.bytes;
    this.#first = this.#rest?.[this.#taken++];
    if (this.#taken === this.#rest?.length) this.#rest = undefined;
    if (!this.#rest) this.#taken = 0;
    else if (this.#taken >= maxQueuedFrames) this.#forgetTaken(this.#rest);
    return item;
  }

  clear(): void {
    this.#first = undefined;
    this.#rest = undefined;
    this.#taken = 0;
    this.#bytes = 0;
  }

  #pushLater(item: Item): void {
    this.#rest ??= [];
    this.#rest.push(item);
  }

  #forgetTaken(rest: Item[]): void {
    rest.splice(0, this.#taken);
    this.#taken = 0;
  }
}
