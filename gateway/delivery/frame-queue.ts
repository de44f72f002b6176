import type { Item } from "./frames.ts";

/** Most frames, and most bytes of frames, that wait for one client. */
export const maxQueuedFrames = 256;
export const maxQueuedBytes = 1024 * 1024;
/** As many as are written at once: beyond it nothing more is read for a client that comes back. */
export const enoughFrames = 32;
const enoughBytes = 32 * 1024;

/** Frames that wait for a client to read them. */
export class FrameQueue {
  readonly #items: Item[] = [];
  #start = 0;
  #bytes = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  get hasEnough(): boolean {
    return this.length >= enoughFrames || this.#bytes >= enoughBytes;
  }

  /** False, and nothing added, where the frame would exceed the bounds. One frame always fits. */
  push(item: Item): boolean {
    const isFull = this.length >= maxQueuedFrames || this.#bytes + item.frame.bytes > maxQueuedBytes;
    if (isFull && this.length > 0) return false;
    this.#items.push(item);
    this.#bytes += item.frame.bytes;
    return true;
  }

  shift(): Item | undefined {
    const item = this.#items[this.#start];
    if (!item) return undefined;
    this.#start++;
    this.#bytes -= item.frame.bytes;
    if (this.#start === this.#items.length) this.clear();
    else if (this.#start > maxQueuedFrames) this.#compact();
    return item;
  }

  clear(): void {
    this.#items.length = 0;
    this.#start = 0;
    this.#bytes = 0;
  }

  #compact(): void {
    this.#items.splice(0, this.#start);
    this.#start = 0;
  }
}
