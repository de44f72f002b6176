import type { Following } from "#platform/log/following.ts";
import { streamErrors } from "../errors.ts";
import type { Cursor, ShardCursor } from "./resume-token.ts";
import type { TailOf } from "./tail-reads.ts";

/** Where a stream begins. */
export interface Opening {
  readonly positions: readonly number[];
  /** The log was lost since: the client drops what it holds and starts from now. */
  readonly isReset: boolean;
}

export interface OpeningDeps {
  readonly following: Following;
  readonly tails: Tails;
  readonly tailOf: TailOf;
  /** Which life of the log this is. */
  readonly incarnation: number;
}

/** Last position of each shard that this process has followed. The same array for as long as nothing was. */
export type Tails = () => readonly number[];

export function createTails(following: Following): Tails {
  const read = () => Array.from({ length: following.shards }, (_, shard) => following.tail(shard));
  let tails = read();
  return () => {
    if (tails.some((position, shard) => position !== following.tail(shard))) tails = read();
    return tails;
  };
}

/**
 * Decides where a token leads. A position that the log does not hold, in a token of this incarnation, proves that
 * acknowledged events were lost: the shard stops, until an operator recovers it. A position that only this process has not followed
 * yet is kept: the stream tells nothing at or below it. A token of an earlier life may name events that were lost.
 */
export async function openingOf(cursor: Cursor | undefined, deps: OpeningDeps): Promise<Opening> {
  const { following, incarnation, tails } = deps;
  refuseStopped(following);
  if (!cursor) return { positions: tails(), isReset: false };
  if (cursor.shards.some((known) => known.incarnation < incarnation)) {
    return { positions: tails(), isReset: true };
  }
  const positions: number[] = [];
  for (let shard = 0; shard < following.shards; shard++) {
    const known = cursor.shards[shard];
    if (known) await stopIfLost(shard, known, deps);
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

async function stopIfLost(shard: number, known: ShardCursor, { following, tailOf, incarnation }: OpeningDeps) {
  const isOfThisLife = known.incarnation === incarnation;
  if (isOfThisLife && known.position <= following.tail(shard)) return;
  const tail = await tailOf(shard, isOfThisLife ? known.position : 0);
  if (isOfThisLife && known.position <= tail) return;
  const covered = `position ${known.position} of incarnation ${known.incarnation}`;
  following.stop(shard, `a resume token covers ${covered}; the log ends at ${tail} of ${incarnation}`);
  throw streamErrors.SHARD_STOPPED();
}
