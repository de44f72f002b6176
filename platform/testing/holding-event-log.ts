import type { Record as LogRecord } from "#gen/parley/log/v1/record_pb.js";
import { type AppendResult, AppendUnknown, type EventLog } from "#platform/log/event-log.ts";

/**
 * What becomes of one append. But for "through", its caller hears AppendUnknown at once.
 *
 * - `through`: nothing out of the ordinary.
 * - `landed`: it is appended; only the answer is lost.
 * - `late`: it is held, and lands right after the next read of the shard has taken its answer.
 * - `held`: it is held until `land` is called.
 * - `lost`: it never lands.
 * - `twice`: it arrives twice.
 */
export type Fate = "through" | "landed" | "late" | "held" | "lost" | "twice";

/** A log behind a bad network: it can hold an append and let it land after a read, lose it, or repeat it. */
export interface HoldingEventLog extends EventLog {
  /** The fates of the appends to come, in order; those after them go through. */
  next(...fates: readonly Fate[]): void;
  /** Lets the held appends arrive, in the order they were made: each lands or is refused by its tail. */
  land(): Promise<AppendResult[]>;
  /** Appends that arrived at the log, whatever became of them. */
  readonly arrived: number;
}

interface Held {
  readonly shard: number;
  readonly expectedTail: number;
  readonly record: LogRecord;
}

export function createHoldingEventLog(log: EventLog): HoldingEventLog {
  const fates: Fate[] = [];
  let held: Held[] = [];
  let late: Held[] = [];
  let arrived = 0;

  function arrive({ shard, expectedTail, record }: Held): Promise<AppendResult> {
    arrived++;
    return log.append(shard, expectedTail, record);
  }

  async function meet(fate: Fate, append: Held): Promise<AppendResult> {
    if (fate === "through") return arrive(append);
    if (fate === "landed" || fate === "twice") await arrive(append);
    if (fate === "twice") await arrive(append);
    if (fate === "held") held.push(append);
    if (fate === "late") late.push(append);
    throw new AppendUnknown(`the append was ${fate}`);
  }

  return {
    next: (...more) => void fates.push(...more),
    async land() {
      const landing = held;
      held = [];
      const results: AppendResult[] = [];
      for (const append of landing) results.push(await arrive(append));
      return results;
    },
    get arrived() {
      return arrived;
    },
    append: (shard, expectedTail, record) => meet(fates.shift() ?? "through", { shard, expectedTail, record }),
    async read(shard, position, maxBytes) {
      const records = await log.read(shard, position, maxBytes);
      const landing = late.filter((append) => append.shard === shard);
      late = late.filter((append) => append.shard !== shard);
      for (const append of landing) await arrive(append);
      return records;
    },
    follow: log.follow,
    tail: log.tail,
    trim: log.trim,
    fullness: log.fullness,
    close: log.close,
  };
}
