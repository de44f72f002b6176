import { createHash } from "node:crypto";
import type { FollowedEntry } from "#platform/log/following.ts";

/** Identifies an entry whatever happens to its message later: numbers and client id, not content. */
export function entryHash(entry: Pick<FollowedEntry, "conversationId" | "seq" | "position" | "header">): Uint8Array {
  const { conversationId, seq, position, header } = entry;
  return hashOf([conversationId, seq, position, header.clientId]);
}

export function hashOf(parts: readonly (string | number)[]): Uint8Array {
  return createHash("sha256").update(JSON.stringify(parts)).digest();
}
