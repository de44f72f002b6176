import type { Item } from "./frames.ts";

/** Most frames, and most bytes of frames, that wait for one client. */
export const maxQueuedFrames = 256;
export const maxQueuedBytes = 1024 * 1024;

/** Frames that wait for a client to read them. */
export class FrameQueue {
  #items: Item[] = [];
  #start = 0;
  #bytes = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  /** False, and nothing added, where the frame would exceed the bounds. One frame always fits. */
  push(item: Item): boolean {
    const isFull = this.length >= maxQueuedFrames || this.#bytes + item.bytes > maxQueuedBytes;
    if (isFull && this.length > 0) return false;
    this.#items.push(item);
    this.#bytes += item.bytes;
    return true;
  }

  shift(): Item | undefined {
    const item = this.#items[this.#start];
    if (!item) return undefined;
    this.#start++;
    this.#bytes -= item.bytes;
    if (this.#start === this.#items.length || this.#start > maxQueuedFrames) this.#compact();
    return item;
  }

  clear(): void {
    this.#start = this.#items.length;
    this.#compact();
    this.#bytes = 0;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#start);
    this.#start = 0;
  }
}
