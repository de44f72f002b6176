import type { ConversationId } from "#platform/runtime/ids.ts";

/** Most commands that wait for one shard. */
export const maxWaitingCommands = 10_000;
/** Most bytes that commands which wait for one shard hold. */
export const maxWaitingBytes = 16 * 1024 * 1024;

export interface Queued {
  readonly conversationId: ConversationId;
  readonly size: number;
}

/** Waiting commands, taken round-robin by conversation: a busy conversation never starves the others. */
export class CommandQueue<Item extends Queued> {
  /** In the order of their turns: taking from the first moves it to the end. */
  readonly #queues = new Map<ConversationId, Item[]>();
  #length = 0;
  #bytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Whether all of them may be pushed. */
  hasRoom(items: readonly { readonly size: number }[]): boolean {
    const bytes = items.reduce((sum, { size }) => sum + size, 0);
    return this.#length + items.length <= maxWaitingCommands && this.#bytes + bytes <= maxWaitingBytes;
  }

  push(item: Item): void {
    const queue = this.#queues.get(item.conversationId);
    if (queue) queue.push(item);
    else this.#queues.set(item.conversationId, [item]);
    this.#count(item, 1);
  }

  /** Up to `limit` commands, one of each conversation a turn. */
  take(limit: number): Item[] {
    const taken: Item[] = [];
    while (taken.length < limit) {
      const [first] = this.#queues;
      if (!first) break;
      const [id, queue] = first;
      const item = queue.shift();
      this.#queues.delete(id);
      if (queue.length > 0) this.#queues.set(id, queue);
      if (!item) continue;
      this.#count(item, -1);
      taken.push(item);
    }
    return taken;
  }

  /** Puts taken commands back before all others, whatever the limits: they were admitted once. */
  putBack(items: readonly Item[]): void {
    const rest = [...this.#queues];
    this.#queues.clear();
    for (const item of items) {
      const queue = this.#queues.get(item.conversationId);
      if (queue) queue.push(item);
      else this.#queues.set(item.conversationId, [item]);
      this.#count(item, 1);
    }
    for (const [id, queue] of rest) this.#queues.set(id, [...(this.#queues.get(id) ?? []), ...queue]);
  }

  #count(item: Item, sign: 1 | -1): void {
    this.#length += sign;
    this.#bytes += sign * item.size;
  }
}
