import type { Logger } from "pino";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Decision } from "./command.ts";

/** Share of a shard's room in the log from which on the rest is kept for what must get in. */
export const shortFrom = 0.9;
/** How often the log is asked. */
export const askEveryMs = 5_000;

/** How much room the shards have in the log, as it was told last. */
export interface LogRoom {
  /** Whether only what must get in is appended: `owner` records, deletions and removals. */
  isShort(shard: number): boolean;
  /** Asks now. */
  ask(shard: number): Promise<void>;
  /** Closing twice is harmless. */
  close(): void;
}

export interface LogRoomOptions {
  readonly log: Pick<EventLog, "fullness">;
  readonly logger: Logger;
  /** The shards to ask for at the time of the call. */
  readonly shards: () => readonly number[];
}

export function watchLogRoom({ log, logger, shards }: LogRoomOptions): LogRoom {
  const short = new Set<number>();
  const ask = async (shard: number) => {
    try {
      const fullness = await log.fullness(shard);
      if (fullness < shortFrom) short.delete(shard);
      else if (!short.has(shard)) {
        short.add(shard);
        logger.error({ shard, fullness }, "the log is nearly full: only deletions and removals are taken");
      }
    } catch (error) {
      logger.warn({ err: error, shard }, "the log does not tell how full it is");
    }
  };
  const timer = setInterval(() => {
    for (const shard of shards()) void ask(shard);
  }, askEveryMs).unref();
  return { isShort: (shard) => short.has(shard), ask, close: () => clearInterval(timer) };
}

/** Whether an event is taken while room is short. */
export function mustGetIn(decision: Decision): boolean {
  if (decision.kind === "nothing") return true;
  return decision.body.case === "messageDeleted" || decision.body.case === "memberRemoved";
}
