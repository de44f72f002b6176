import type { ClientId } from "#platform/runtime/ids.ts";
import type { SentId } from "../stores/idempotence-store.ts";

/**
 * How many of the largest committed client ids of a device are kept at hand: more than two batches have, whose ids may be
 * in any order and whose entries in several groups.
 */
export const windowSize = 256;

/**
 * The largest committed client ids of one device in one conversation. It needs no clock: an id that is listed returns
 * its result, one above the floor is new, and one below it is looked up. Every committed id above the floor is listed.
 */
export class SentWindow {
  /** Rising by client id. */
  readonly #ids: SentId[] = [];
  /** The largest id that may be committed without being listed; none is as small as the empty one. */
  #floor: string;

  /** `floor`: the smallest id of those that were read, where there may be smaller ones. */
  constructor(committed: Iterable<SentId> = [], floor = "") {
    this.#floor = floor;
    for (const id of committed) this.add(id);
  }

  get size(): number {
    return this.#ids.length;
  }

  check(clientId: ClientId): SentId | "new" | "look-up" {
    const found = this.#ids[this.#indexOf(clientId)];
    if (found?.clientId === clientId) return found;
    return clientId <= this.#floor ? "look-up" : "new";
  }

  /** Takes a committed id in, in whatever order they come; adding one twice changes nothing. */
  add(sent: SentId): void {
    const index = this.#indexOf(sent.clientId);
    if (sent.clientId < this.#floor || this.#ids[index]?.clientId === sent.clientId) return;
    this.#ids.splice(index, 0, sent);
    if (this.#ids.length > windowSize) this.#floor = this.#ids.shift()?.clientId ?? this.#floor;
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
