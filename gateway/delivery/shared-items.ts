import type { FollowedEntry } from "#platform/log/following.ts";
import { eventItem, type Item } from "./frames.ts";

/** Most items that are kept, and most bytes of their events. */
const maxItems = 4096;
const maxBytes = 8 * 1024 * 1024;

/** The item of an entry: the same for all who are told it about the same time, so that it is encoded once. */
export type ItemOf = (entry: FollowedEntry) => Item;

export function createSharedItems(): ItemOf {
  const items = new Map<FollowedEntry, Item>();
  let bytes = 0;
  const dropOldest = () => {
    for (const [entry, item] of items) {
      if (items.size <= maxItems && bytes <= maxBytes) return;
      items.delete(entry);
      bytes -= item.frame.bytes;
    }
  };
  return (entry) => {
    const known = items.get(entry);
    if (known) return known;
    const item = eventItem(entry);
    items.set(entry, item);
    bytes += item.frame.bytes;
    dropOldest();
    return item;
  };
}
