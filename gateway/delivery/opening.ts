import type { Logger } from "pino";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";
import { streamErrors } from "../errors.ts";
import type { Cursor } from "./resume-token.ts";

/** Where a stream begins. */
export interface Opening {
  readonly positions: readonly number[];
  /** The log was lost since: the client drops what it holds and starts from now. */
  readonly isReset: boolean;
}

export interface OpeningDeps {
  readonly following: Following;
  readonly log: EventLog;
  readonly logger: Logger;
}

/** The positions that a stream without a token begins with: what this process has followed. */
export function currentTails(following: Following): number[] {
  return Array.from({ length: following.shards }, (_, shard) => following.tail(shard));
}

/**
 * Decides where a token leads. A position that the log does not hold, in a token of this incarnation, proves that
 * acknowledged events were lost: it is refused and reported. A position that only this process has not followed yet is
 * kept: the stream tells nothing at or below it.
 */
export async function openingOf(cursor: Cursor | undefined, deps: OpeningDeps): Promise<Opening> {
  const { following } = deps;
  refuseStopped(following);
  if (!cursor) return { positions: currentTails(following), isReset: false };
  const positions: number[] = [];
  for (let shard = 0; shard < following.shards; shard++) {
    const known = cursor.shards[shard];
    const incarnation = following.incarnation(shard);
    if (known && known.incarnation < incarnation) return { positions: currentTails(following), isReset: true };
    if (known) await refuseBeyondTail(shard, known.incarnation === incarnation ? known.position : Infinity, deps);
    positions.push(known?.position ?? 0);
  }
  return { positions, isReset: false };
}

/** Throws where a shard can't be followed. */
export function refuseStopped(following: Following): void {
  for (let shard = 0; shard < following.shards; shard++) {
    if (following.stopped(shard)) throw streamErrors.SHARD_STOPPED();
  }
}

async function refuseBeyondTail(shard: number, position: number, { following, log, logger }: OpeningDeps) {
  if (position <= following.tail(shard)) return;
  const tail = await log.tail(shard);
  if (position <= tail) return;
  logger.error({ shard, position, tail }, "a resume token lies beyond the tail: the log was lost or rolled back");
  throw streamErrors.SHARD_STOPPED();
}
