import type { Event } from "#gen/parley/chat/v1/events_pb.js";
import type { Header } from "#gen/parley/log/v1/record_pb.js";
import type { ConversationId } from "#platform/runtime/ids.ts";

/** What an event tells; undefined where the program does not know it. */
export type EventKind = Event["body"]["case"];

/** An entry of the log as this process has followed it. */
export interface FollowedEntry {
  readonly shard: number;
  readonly position: number;
  readonly incarnation: number;
  readonly conversationId: ConversationId;
  readonly seq: number;
  /** Which body the event has: tells who has no use for it that it need not be decoded. */
  readonly kind: EventKind;
  /** The event, decoded when it is asked for; its tombstone once the message is deleted. Never change it. */
  readonly event: Event;
  /** `event`, encoded: the very bytes that every binary stream gets. */
  readonly bytes: Uint8Array;
  /** Decoded when it is asked for. */
  readonly header: Header;
}

/**
 * Follows all shards whole and keeps the latest entries in a bounded ring, indexed by conversation. Entries come in
 * order of position without holes: a hole is read from the log before anything later is shown. `owner` records are not
 * entries here; they only move the tail.
 *
 * Everything but `reached` answers at once. Within one turn of the event loop the answers are consistent.
 */
export interface Following {
  readonly shards: number;
  /** Last position of the shard that was followed. All up to it has been shown to listeners. */
  tail(shard: number): number;
  /** Which ownership of the shard the tail was written under; 0 before the first. */
  epoch(shard: number): number;
  /** Incarnation of the shard's log, from 1. */
  incarnation(shard: number): number;
  /** Why the shard is stopped (damaged log: wrong position, wrong epoch), or undefined. It never skips. */
  stopped(shard: number): string | undefined;
  /** Stops the shard with an alarm: what was followed can be read, nothing later is. */
  stop(shard: number, reason: string): void;
  /** Resolves true once `tail(shard) >= position`, false after `timeoutMs` or when the signal aborts. */
  reached(shard: number, position: number, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Smallest position such that the ring has all entries at and above it. */
  ringStart(shard: number): number;
  /** Entries of the shard above `position`, in order, at most `limit`; undefined where the ring begins later. */
  above(shard: number, position: number, limit: number): FollowedEntry[] | undefined;
  /**
   * Entries of one conversation in the ring above `position`, in order, all unless limited. Complete from `ringStart` of
   * its shard on.
   */
  ofConversation(conversation: ConversationId, position: number, limit?: number): readonly FollowedEntry[];
  /** The last entry of a conversation in the ring. */
  lastOf(conversation: ConversationId): FollowedEntry | undefined;
  /** What this process has followed of the shard and the store does not hold yet. */
  behind(shard: number): { readonly entries: number; readonly bytes: number };
  /** Last position that the store holds, as far as this process knows. */
  watermark(shard: number): number;
  /** Takes note that the store holds everything up to `position`: the ring may drop it when it needs room. */
  projected(shard: number, position: number): void;
  /** Calls the listener for each entry from now on, in order, in the turn it was followed. Returns what ends it. */
  listen(listener: (entry: FollowedEntry) => void): () => void;
}
