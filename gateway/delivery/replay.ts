import { setImmediate as nextTurn } from "node:timers/promises";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import type { ConversationId } from "#platform/runtime/ids.ts";
import type { Membership } from "./membership.ts";
import type { ReplayLimit } from "./replay-limit.ts";
import { ringEntries } from "./ring-entries.ts";
import type { ItemOf } from "./shared-items.ts";
import type { Stream } from "./stream.ts";

export interface ReplayDeps {
  readonly following: Following;
  readonly memberships: ReadonlyMap<ConversationId, Membership>;
  readonly limit: ReplayLimit;
  readonly itemOf: ItemOf;
  /** Tells what the ring no longer has of a shard, and moves the stream to where the ring begins or beyond. */
  readonly missed: (stream: Stream, shard: number) => AsyncIterable<void>;
  /** Called between frames; pushes a heartbeat where one is due. */
  readonly pulse: (stream: Stream) => void;
}

/** Whether something was followed that the stream was not told: only where it is not, and at once, may it go live. */
export function isBehind({ told }: Stream, following: Following): boolean {
  return told.some((position, shard) => position < following.tail(shard));
}

function isBehindOn(shard: number, { told }: Stream, following: Following): boolean {
  return (told[shard] ?? 0) < following.tail(shard);
}

/**
 * Tells a stream what it missed, shard by shard, until it stands at the end of the ring on all of them. Yields whenever
 * enough frames wait to be taken. By the time that its caller hears of its end, more may have been followed.
 */
export async function* replay(stream: Stream, deps: ReplayDeps): AsyncGenerator<void> {
  const { following } = deps;
  while (isBehind(stream, following)) {
    for (let shard = 0; shard < following.shards; shard++) {
      if (isBehindOn(shard, stream, following)) yield* replayShard(stream, shard, deps);
    }
  }
}

async function* replayShard(stream: Stream, shard: number, deps: ReplayDeps): AsyncGenerator<void> {
  const { following, memberships, limit } = deps;
  const ring = { following, memberships, settledTo: (id: ConversationId) => limit.settledTo(id) };
  while (isBehindOn(shard, stream, following)) {
    const part = ringEntries(shard, stream.told[shard] ?? 0, ring);
    if (!part) {
      yield* deps.missed(stream, shard);
      continue;
    }
    for (const entry of part.entries) {
      tellMissed(stream, entry, deps);
      stream.toldUpTo(shard, entry.position);
      deps.pulse(stream);
      if (stream.hasEnough) yield;
    }
    // Entries of others, and those of another kind than events, move the tail too.
    stream.toldUpTo(shard, part.upTo);
    if (part.upTo < following.tail(shard)) await nextTurn();
  }
}

function tellMissed(stream: Stream, entry: FollowedEntry, { memberships, limit, itemOf }: ReplayDeps): void {
  const membership = memberships.get(entry.conversationId);
  if (!membership) return;
  const verdict = limit.judge(entry, membership);
  if (verdict === "tell") stream.narrator.tell(entry, itemOf(entry), membership);
  else if (verdict !== "covered") {
    const { conversationId, seq } = entry;
    stream.narrator.limit({ conversationId, from: seq, to: verdict.limitedTo }, entry);
  }
}
