import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type Record as LogRecord,
  type PackedRecord,
  PackedRecordSchema,
  RecordSchema,
} from "#gen/parley/log/v1/record_pb.js";
import { type SqliteDatabase, SqliteFailure, type SqlRow } from "#platform/engines/sqlite.ts";
import {
  type AppendResult,
  AppendUnknown,
  type EventLog,
  type LogFollower,
  lastPosition,
  maxRecordBytes,
  maxRecordEntries,
} from "./event-log.ts";

const appendSql = `
  INSERT INTO record (shard, position, last_position, bytes) SELECT ?1, ?2, ?3, ?4
  WHERE ?5 = coalesce((SELECT last_position FROM record WHERE shard = ?1 ORDER BY position DESC LIMIT 1), 0)`;
const tailSql = "SELECT last_position FROM record WHERE shard = ? ORDER BY position DESC LIMIT 1";
const readSql = `
  SELECT bytes FROM record
  WHERE shard = ?1 AND last_position >= ?2 AND position >= coalesce(
    (SELECT position FROM record WHERE shard = ?1 AND position <= ?2 ORDER BY position DESC LIMIT 1), ?2)
  ORDER BY position LIMIT ?3`;

const defaultReadBytes = 4 * 1024 * 1024;
/** Records fetched by one query of a read. */
const readPage = 16;
const tailHintMs = 1000;

interface Stored {
  readonly bytes: Uint8Array;
  readonly record: PackedRecord;
}

interface Following {
  readonly follower: LogFollower;
  next: number;
  live: boolean;
}

/**
 * The event log in one SQLite file, for one process. Groups of all shards that wait at the same time share a commit.
 * Owns `db` from here on: closing the log closes it.
 */
export function createSqliteEventLog(db: SqliteDatabase): EventLog {
  const followings = new Map<number, Set<Following>>();
  const tails = new Map<number, number>();
  let closed = false;
  const readTail = (shard: number) => Number(db.get(tailSql, shard)?.last_position ?? 0);

  const hints = setInterval(() => {
    for (const [shard, set] of followings) {
      for (const { follower } of set) follower.onTail(tails.get(shard) ?? readTail(shard));
    }
  }, tailHintMs).unref();

  function show(shard: number, record: PackedRecord): void {
    const last = lastPosition(record);
    tails.set(shard, last);
    for (const following of followings.get(shard) ?? []) {
      if (!following.live || following.next > last) continue;
      following.next = last + 1;
      following.follower.onRecord(record);
    }
  }

  async function append(shard: number, expectedTail: number, record: LogRecord): Promise<AppendResult> {
    if (Number(record.position) !== expectedTail + 1)
      throw new RangeError(`a record of ${record.position} on ${expectedTail}`);
    if (record.entries.length === 0) throw new RangeError("a record without entries");
    const bytes = toBinary(RecordSchema, record);
    if (bytes.length > maxRecordBytes || record.entries.length > maxRecordEntries) return "too-large";
    const params = [shard, Number(record.position), lastPosition(record), bytes, expectedTail];
    try {
      const [changed] = await db.write([{ sql: appendSql, params }]);
      if (changed === 0) return "wrong-tail";
    } catch (error) {
      if (error instanceof SqliteFailure && error.message.includes("database or disk is full")) return "full";
      throw new AppendUnknown("append did not settle", { cause: error });
    }
    show(shard, fromBinary(PackedRecordSchema, bytes));
    return "appended";
  }

  function readNow(shard: number, position: number, maxBytes: number): Stored[] {
    const found: Stored[] = [];
    let left = maxBytes;
    for (let next = position; ; ) {
      const rows = db.query(readSql, shard, next, readPage);
      for (const row of rows) {
        const stored = storedIn(row);
        left -= stored.bytes.length;
        if (found.length > 0 && left < 0) return found;
        found.push(stored);
        next = lastPosition(stored.record) + 1;
      }
      if (rows.length < readPage) return found;
    }
  }

  function catchUp(shard: number, following: Following, signal: AbortSignal): void {
    if (signal.aborted || closed) return;
    let found: Stored[] = [];
    try {
      found = readNow(shard, following.next, defaultReadBytes);
    } catch {
      // The follower sees the hole, reads it and hears why it can't.
    }
    for (const { record } of found) {
      if (signal.aborted) return;
      following.next = lastPosition(record) + 1;
      following.follower.onRecord(record);
    }
    if (found.length === 0) following.live = true;
    else setImmediate(() => catchUp(shard, following, signal));
  }

  return {
    append,
    read: async (shard, position, maxBytes = defaultReadBytes) =>
      readNow(shard, position, maxBytes).map(({ bytes }) => fromBinary(RecordSchema, bytes)),
    tail: async (shard) => readTail(shard),
    follow(shard, fromPosition, follower, signal) {
      if (signal.aborted) return;
      const following: Following = { follower, next: fromPosition, live: false };
      const set = followings.get(shard) ?? new Set();
      followings.set(shard, set.add(following));
      signal.addEventListener("abort", () => set.delete(following), { once: true });
      setImmediate(() => catchUp(shard, following, signal));
    },
    async trim(shard, position) {
      const sql = `DELETE FROM record WHERE shard = ?1 AND last_position < ?2 AND position < (
        SELECT max(position) FROM record WHERE shard = ?1)`;
      await db.write([{ sql, params: [shard, position] }]);
    },
    fullness: async () => 0,
    async close() {
      closed = true;
      clearInterval(hints);
      followings.clear();
      await db.close();
    },
  };
}

function storedIn({ bytes }: SqlRow): Stored {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("a record without bytes");
  return { bytes, record: fromBinary(PackedRecordSchema, bytes) };
}
