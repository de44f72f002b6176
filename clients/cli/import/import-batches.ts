import type { IrcItem } from "./irc-import.ts";

/** Most items of a batch, and most bytes of text: what one call takes, with room for the rest of each event. */
export const maxBatchItems = 250;
export const maxBatchBytes = 256 * 1024;

/** The items in their order, in batches that one call takes. */
export function batchesOf(items: readonly IrcItem[]): IrcItem[][] {
  const batches: IrcItem[][] = [];
  let batch: IrcItem[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = item.body.case === "posted" ? Buffer.byteLength(item.body.text) : 0;
    if (batch.length === maxBatchItems || (batch.length > 0 && bytes + size > maxBatchBytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
