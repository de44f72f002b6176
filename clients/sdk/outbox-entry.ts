import { fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type Content, type SendMessagesRequest_Item as SendItem, SendMessagesRequest_ItemSchema } from "./contract.ts";

/** Most messages in one `SendMessages`, and most bytes of them together. */
export const maxBatchEntries = 100;
export const maxBatchBytes = 256 * 1024;
/** Room left for what wraps the items in a request. */
const wrapBytes = 1024;

/** A message on its way. */
export interface OutboxEntry {
  readonly clientId: string;
  readonly conversationId: string;
  readonly content: Content;
}

/** An entry as text, for storage. */
export function entryToText(entry: OutboxEntry): string {
  return `${entry.conversationId} ${toJsonString(SendMessagesRequest_ItemSchema, itemOf(entry))}`;
}

/** The entry that `entryToText` wrote, or undefined where the text is none. */
export function entryFromText(text: string): OutboxEntry | undefined {
  const [, conversationId, json] = /^(\S+) (.*)$/s.exec(text) ?? [];
  if (!conversationId || !json) return undefined;
  const { clientId, content } = fromJsonString(SendMessagesRequest_ItemSchema, json);
  return content && { clientId, conversationId, content };
}

export function itemOf({ clientId, content }: OutboxEntry): SendItem {
  return { $typeName: "parley.chat.v1.SendMessagesRequest.Item", clientId, content };
}

/** How many of the first `entries` go into one call: at least one, within both limits. */
export function batchLength(entries: readonly OutboxEntry[], maxEntries: number = maxBatchEntries): number {
  let bytes = wrapBytes;
  let length = 0;
  for (const entry of entries.slice(0, maxEntries)) {
    bytes += toBinary(SendMessagesRequest_ItemSchema, itemOf(entry)).length + 4;
    if (length > 0 && bytes > maxBatchBytes) break;
    length++;
  }
  return length;
}
