import type { FollowedEntry, Following } from "#platform/log/following.ts";
import { type ConversationId, shardOf } from "#platform/runtime/ids.ts";
import type { Membership } from "./membership.ts";

/** A part of the ring that is told at once: few entries, so that what is deleted meanwhile is told as deleted. */
export interface RingPart {
  /** In order of position: at least those of the conversations asked for. */
  readonly entries: readonly FollowedEntry[];
  /** All up to this position is among the entries or of other conversations. */
  readonly upTo: number;
}

const partSize = 100;

export interface RingDeps {
  readonly following: Following;
  readonly memberships: ReadonlyMap<ConversationId, Membership>;
  /** Up to here entries of a conversation are of no interest any more. */
  readonly settledTo: (id: ConversationId) => number;
}

/**
 * What stands in the ring above `position` for the user of these memberships; undefined where the ring begins later.
 * Nobody who comes back looks through what others said meanwhile, unless that is less than the user's conversations.
 */
export function ringEntries(shard: number, position: number, deps: RingDeps): RingPart | undefined {
  const { following, memberships } = deps;
  if (position + 1 < following.ringStart(shard)) return undefined;
  const tail = following.tail(shard);
  if (tail - position > memberships.size) return entriesOfConversations(shard, position, tail, deps);
  const entries = following.above(shard, position, partSize) ?? [];
  return { entries, upTo: entries.length < partSize ? tail : lastOf(entries, tail) };
}

function entriesOfConversations(shard: number, position: number, tail: number, deps: RingDeps): RingPart {
  const { following, memberships, settledTo } = deps;
  const entries: FollowedEntry[] = [];
  for (const id of memberships.keys()) {
    if (shardOf(id) !== shard) continue;
    // One more than are taken shows where there are more.
    entries.push(...following.ofConversation(id, Math.max(position, settledTo(id)), partSize + 1));
  }
  entries.sort((a, b) => a.position - b.position);
  if (entries.length <= partSize) return { entries, upTo: tail };
  const part = entries.slice(0, partSize);
  return { entries: part, upTo: lastOf(part, tail) };
}

function lastOf(entries: readonly FollowedEntry[], otherwise: number): number {
  return entries.at(-1)?.position ?? otherwise;
}
