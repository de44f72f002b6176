import type { EventLog } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";
import { afterTimeoutMs } from "./after-tokens.ts";

/**
 * Waits until this process has followed a shard as far as the log goes now, at most 2 s: for who knows more than this
 * process does, having heard it from another one.
 */
export type CatchUp = (shard: number, signal: AbortSignal) => Promise<void>;

/** Those who come while the log is being asked share the answer. */
export function createCatchUp(log: Pick<EventLog, "tail">, following: Following): CatchUp {
  const asking = new Map<number, Promise<number>>();
  const tail = (shard: number) => {
    const asked = asking.get(shard) ?? log.tail(shard).finally(() => asking.delete(shard));
    asking.set(shard, asked);
    return asked;
  };
  return async (shard, signal) => {
    await following.reached(shard, await tail(shard), afterTimeoutMs, signal);
  };
}
