import type { ClientId } from "#platform/runtime/ids.ts";
import type { SentId } from "../stores/idempotence-store.ts";

/**
 * How many of the largest committed client ids of a device are kept at hand: more than two batches have, whose ids may be
 * in any order and whose entries in several groups.
 */
export const windowSize = 256;

/**
 * The largest committed client ids of one device in one conversation. It needs no clock: an id that is listed returns
 * its result, one above the smallest listed is new, as is any while fewer than `windowSize` exist; one below the
 * smallest is looked up.
 */
export class SentWindow {
  /** Rising by client id. */
  readonly #ids: SentId[];

  readonly #mayBeMore: boolean;

  /** `mayBeMore`: whether there may be smaller ones, though they are fewer than `windowSize`. */
  constructor(committed: Iterable<SentId> = [], mayBeMore = false) {
    this.#ids = [];
    this.#mayBeMore = mayBeMore;
    for (const id of committed) this.add(id);
  }

  check(clientId: ClientId): SentId | "new" | "look-up" {
    const index = this.#indexOf(clientId);
    const found = this.#ids[index];
    if (found?.clientId === clientId) return found;
    return index === 0 && (this.#mayBeMore || this.#ids.length >= windowSize) ? "look-up" : "new";
  }

  /** Takes a committed id in, in whatever order they come; adding one twice changes nothing. */
  add(sent: SentId): void {
    const index = this.#indexOf(sent.clientId);
    if (this.#ids[index]?.clientId === sent.clientId) return;
    this.#ids.splice(index, 0, sent);
    if (this.#ids.length > windowSize) this.#ids.shift();
  }

  /** Index of the first id that is not smaller. */
  #indexOf(clientId: ClientId): number {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ids[middle]?.clientId ?? "") < clientId) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
