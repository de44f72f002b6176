import type { Record as LogRecord, PackedRecord } from "#gen/parley/log/v1/record_pb.js";

/**
 * The event log: per shard a sequence of records, each a group of entries appended at once. It is the one source of
 * truth; everything else is a view of it.
 *
 * A position is the number of an entry in its shard, from 1, contiguous. A record holds the position of its first
 * entry; the next record starts at that plus its number of entries. The tail is the last position, 0 when empty.
 * Positions are the log's own: whatever numbers an engine has never leave its adapter.
 */
export interface EventLog {
  /**
   * Appends one record if the shard's tail is `expectedTail`, all of it or nothing. `expectedTail` must be a tail that
   * was read or acknowledged, never a guessed one. Resolves only when the record is durable and can be read. One
   * append per shard may be in flight. A record that is empty or does not begin at `expectedTail` + 1 is a mistake of
   * the caller and rejects with RangeError.
   *
   * `wrong-tail` and `full` and `too-large` are definite: nothing was written and nothing will be. Anything that is
   * not known for certain rejects with AppendUnknown: the record may be there now, may come later, or never.
   */
  append(shard: number, expectedTail: number, record: LogRecord): Promise<AppendResult>;

  /**
   * Records from the one that holds `position`, or the first later one, in order, up to the tail at the time of the
   * call, at most `maxBytes` of them (at least one, if there is one). Empty: nothing is there.
   */
  read(shard: number, position: number, maxBytes?: number): Promise<LogRecord[]>;

  /**
   * Calls `onRecord` for each record that holds `fromPosition` or comes after it: first what is there, then each one
   * soon after its append, in order, while the signal is not aborted. An adapter may lose records in between: whoever
   * follows sees the hole in the positions and reads it. Once a second, `onTail` tells the tail; if neither came for
   * 3 s, ask `tail`.
   */
  follow(shard: number, fromPosition: number, follower: LogFollower, signal: AbortSignal): void;

  /** The last position that is committed, 0 when empty. */
  tail(shard: number): Promise<number>;

  /** Drops records that end before `position`, but never the last one. What is dropped reads as absent. */
  trim(shard: number, position: number): Promise<void>;

  /**
   * How much of the shard's room is taken, from 0 to 1; 0 where the engine sets no limit. Asks the engine: not for each
   * append. A full shard refuses appends until it is trimmed, so whoever appends leaves room for what must get in.
   */
  fullness(shard: number): Promise<number>;

  /** Ends following and waits for appends in flight. Closing twice is harmless. */
  close(): Promise<void>;
}

export type AppendResult = "appended" | "wrong-tail" | "full" | "too-large";

export interface LogFollower {
  onRecord(record: PackedRecord): void;
  onTail(tail: number): void;
}

/** The outcome of an append is not known: read the log before anything else is appended to the shard. */
export class AppendUnknown extends Error {
  override readonly name = "AppendUnknown";
}

/** Largest record that may be appended, in encoded bytes. */
export const maxRecordBytes = 512 * 1024;
/** Most entries that one record may hold. */
export const maxRecordEntries = 256;

/** Position of a record's last entry. */
export function lastPosition(record: Pick<LogRecord | PackedRecord, "position" | "entries">): number {
  return Number(record.position) + record.entries.length - 1;
}
