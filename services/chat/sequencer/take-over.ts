import { create } from "@bufbuild/protobuf";
import { EntrySchema, type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { AppendUnknown, type EventLog, lastPosition } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { pause } from "./pause.ts";

/** What an owner knows of the shard that it writes: a tail that was read or acknowledged, never a guessed one. */
export interface Ownership {
  readonly tail: number;
  readonly epoch: number;
}

/** Another process took the shard: this one must not write to it again. */
export class Deposed extends Error {
  override readonly name = "Deposed";
}

/** The log has begun another life than this process belongs to: whoever follows would take what it writes for damage. */
export class Outlived extends Error {
  override readonly name = "Outlived";
}

export interface TakeOver {
  readonly log: EventLog;
  readonly following: Pick<Following, "stopped">;
  readonly shard: number;
  readonly owner: string;
  readonly incarnation: number;
  readonly clock: Clock;
  /** Position to read from: everything below it is known. */
  readonly from: number;
  /** The last epoch that is known. */
  readonly epoch: number;
  /** Set when settling: a newer `owner` record of another process deposes. Unset when taking over for the first time. */
  readonly settling: boolean;
  readonly signal: AbortSignal;
}

const firstBackoffMs = 20;
const maxBackoffMs = 500;

/**
 * Settles what is in flight: reads to the tail and appends an `owner` record on it, until one stands. What stands
 * before that record is committed, what does not never will be: a late append names a tail that is no longer one.
 * Reading alone would prove nothing, since an append may land after the read.
 */
export async function takeOver(options: TakeOver): Promise<Ownership> {
  let known: Ownership = { tail: options.from - 1, epoch: options.epoch };
  for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(backoffMs * 2, maxBackoffMs)) {
    try {
      known = await readToTail(options, known);
      const epoch = known.epoch + 1;
      const result = await options.log.append(options.shard, known.tail, ownerRecord(options, known.tail, epoch));
      if (result === "appended") return { tail: known.tail + 1, epoch };
    } catch (error) {
      if (error instanceof Deposed || error instanceof Outlived || options.signal.aborted) throw error;
      if (!(error instanceof AppendUnknown)) backoffMs = maxBackoffMs;
    }
    if (options.signal.aborted) throw options.signal.reason;
    if (options.following.stopped(options.shard)) throw new Error("the shard is stopped");
    await pause(backoffMs, options.signal);
  }
}

async function readToTail(options: TakeOver, known: Ownership): Promise<Ownership> {
  let { tail, epoch } = known;
  for (;;) {
    const records = await options.log.read(options.shard, tail + 1);
    if (records.length === 0) return { tail, epoch };
    for (const record of records) {
      if (options.settling && record.owner && record.owner !== options.owner && Number(record.epoch) > epoch) {
        throw new Deposed(`shard ${options.shard} is owned by ${record.owner}`);
      }
      if (Number(record.incarnation) > options.incarnation) {
        throw new Outlived(`incarnation ${record.incarnation} of the log has begun: start this process again`);
      }
      tail = lastPosition(record);
      epoch = Number(record.epoch);
    }
  }
}

function ownerRecord({ owner, incarnation, clock }: TakeOver, tail: number, epoch: number): LogRecord {
  return create(RecordSchema, {
    position: BigInt(tail + 1),
    epoch: BigInt(epoch),
    incarnation: BigInt(incarnation),
    timeMs: BigInt(clock()),
    owner,
    entries: [create(EntrySchema)],
  });
}
