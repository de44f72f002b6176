import type { FollowedEntry, Following } from "#platform/log/following.ts";
import { type ConversationId, shardOf } from "#platform/runtime/ids.ts";

/** What the store holds of a conversation, and the events that it may not hold yet. */
export interface WithTail<Base> {
  readonly base: Base;
  /** In order. May begin with events that `base` holds already: rows carry the position last applied. */
  readonly tail: readonly FollowedEntry[];
}

/**
 * Loads from the store and adds the followed events above it. The watermark is read first, so that an event is in the
 * rows, in the tail, or in both, but never in neither; where the ring was cut meanwhile, it is done again.
 */
export async function withTail<Base>(
  following: Following,
  id: ConversationId,
  load: () => Promise<Base>,
): Promise<WithTail<Base>> {
  const shard = shardOf(id);
  for (;;) {
    const watermark = following.watermark(shard);
    const base = await load();
    if (following.ringStart(shard) <= watermark + 1) return { base, tail: following.ofConversation(id, watermark) };
  }
}

/** Whether the id names a shard that this installation has. */
export function isKnownShard(following: Following, id: ConversationId): boolean {
  return shardOf(id) < following.shards;
}
