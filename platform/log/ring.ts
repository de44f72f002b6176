import type { ConversationId } from "#platform/runtime/ids.ts";
import type { FollowedEntry } from "./following.ts";

/** Bytes that an entry costs beside its event: its header, objects, index. Measured; what is decoded is not kept. */
const entryOverheadBytes = 600;

/** Entries in order, cheap to drop at the front and to cut by position. */
class EntryList<Entry extends FollowedEntry> {
  #entries: Entry[] = [];
  #start = 0;

  get length(): number {
    return this.#entries.length - this.#start;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  dropFirst(): Entry | undefined {
    const first = this.#entries[this.#start];
    if (!first) return undefined;
    this.#start++;
    // Dropped entries hold memory until the list is cut; the budget does not count them, so they must be few.
    if (this.#start > 16 && this.#start * 8 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
    return first;
  }

  first(): Entry | undefined {
    return this.#entries[this.#start];
  }

  last(): Entry | undefined {
    return this.length > 0 ? this.#entries.at(-1) : undefined;
  }

  /** Index of the first entry above `position`. */
  #indexAbove(position: number): number {
    let [low, high] = [this.#start, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.position ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  above(position: number, limit = Number.POSITIVE_INFINITY): Entry[] {
    const from = this.#indexAbove(position);
    return this.#entries.slice(from, Math.min(this.#entries.length, from + limit));
  }

  replace(entry: Entry): void {
    const index = this.#indexAbove(entry.position - 1);
    if (this.#entries[index]?.position === entry.position) this.#entries[index] = entry;
  }
}

/** The latest entries of one shard, in order of position and by conversation. */
export class ShardRing<Entry extends FollowedEntry = FollowedEntry> {
  readonly #entries = new EntryList<Entry>();
  readonly #byConversation = new Map<ConversationId, EntryList<Entry>>();
  /** Smallest position such that all entries at and above it are here. */
  start: number;
  bytes = 0;

  constructor(start: number) {
    this.start = start;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    let list = this.#byConversation.get(entry.conversationId);
    if (!list) {
      list = new EntryList<Entry>();
      this.#byConversation.set(entry.conversationId, list);
    }
    list.push(entry);
    this.bytes += entry.bytes.length + entryOverheadBytes;
  }

  /** Drops the oldest entry if it is at or below `watermark`; false if there is none to drop. */
  dropFirst(watermark: number): boolean {
    const first = this.#entries.first();
    if (!first || first.position > watermark) return false;
    this.#entries.dropFirst();
    const list = this.#byConversation.get(first.conversationId);
    list?.dropFirst();
    if (list?.length === 0) this.#byConversation.delete(first.conversationId);
    this.start = first.position + 1;
    this.bytes -= first.bytes.length + entryOverheadBytes;
    return true;
  }

  above(position: number, limit: number): Entry[] | undefined {
    return position + 1 < this.start ? undefined : this.#entries.above(position, limit);
  }

  ofConversation(conversation: ConversationId, position: number, limit?: number): Entry[] {
    return this.#byConversation.get(conversation)?.above(position, limit) ?? [];
  }

  lastOf(conversation: ConversationId): Entry | undefined {
    return this.#byConversation.get(conversation)?.last();
  }

  /** Puts an entry of the same position in the place of the one that is here, if one is. */
  replace(entry: Entry): void {
    const [old] = this.#entries.above(entry.position - 1, 1);
    if (old?.position !== entry.position) return;
    this.#entries.replace(entry);
    this.#byConversation.get(entry.conversationId)?.replace(entry);
    this.bytes += entry.bytes.length - old.bytes.length;
  }
}
