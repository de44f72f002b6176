import type { EventLog } from "#platform/log/event-log.ts";

/** A committed tail of the shard, which may be old where it is not below `position`; one below it was read since the question. */
export type TailOf = (shard: number, position: number) => Promise<number>;

interface Shard {
  /** The largest that was read. */
  tail: number;
  underWay?: Promise<number>;
  /** Begins once the one under way has ended: for those who ask meanwhile. */
  next?: Promise<number>;
}

/** Asks the log for tails, once for all who ask at the same time. */
export function createTailReads(log: EventLog): TailOf {
  const shards = new Map<number, Shard>();
  const read = async (number: number, shard: Shard) => {
    try {
      shard.underWay = log.tail(number);
      const tail = await shard.underWay;
      shard.tail = Math.max(shard.tail, tail);
      return tail;
    } finally {
      delete shard.underWay;
    }
  };
  return (number, position) => {
    const shard = shards.get(number) ?? { tail: 0 };
    shards.set(number, shard);
    if (position > 0 && position <= shard.tail) return Promise.resolve(shard.tail);
    if (!shard.underWay) return read(number, shard);
    // The one under way may have been answered before the question.
    shard.next ??= shard.underWay
      .catch(() => 0)
      .then(() => {
        delete shard.next;
        return read(number, shard);
      });
    return shard.next;
  };
}
