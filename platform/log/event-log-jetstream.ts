import { toBinary } from "@bufbuild/protobuf";
import { type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { NatsEngine } from "#platform/engines/nats.ts";
import { type AppendResult, type EventLog, lastPosition, maxRecordBytes, maxRecordEntries } from "./event-log.ts";
import { ShardLog } from "./jetstream/shard-log.ts";
import { ensureStreams } from "./jetstream/streams.ts";

const defaultReadBytes = 4 * 1024 * 1024;
const defaultAppendMs = 3_000;
const tickMs = 1_000;

export interface JetStreamLogOptions {
  readonly engine: NatsEngine;
  readonly shards: number;
  /** An append that is not acknowledged within this time has an unknown outcome. */
  readonly appendMs?: number;
}

/**
 * The event log on JetStream: a stream for each shard, a message for each record. Makes the streams that are missing.
 * The connection is the caller's, and stays open when the log is closed.
 */
export async function openJetStreamEventLog(options: JetStreamLogOptions): Promise<EventLog> {
  const { engine, shards, appendMs = defaultAppendMs } = options;
  await ensureStreams(engine, shards);
  const logs = Array.from({ length: shards }, (_, shard) => new ShardLog(engine, shard, appendMs));
  const appending = new Set<Promise<unknown>>();
  let closed = false;

  const of = (shard: number): ShardLog => {
    const log = logs[shard];
    if (!log) throw new RangeError(`there is no shard ${shard}`);
    return log;
  };
  const ticks = setInterval(() => {
    for (const log of logs) log.tick();
  }, tickMs).unref();
  const forget = engine.watch((connected) => {
    for (const log of connected ? logs : []) log.reconnected();
  });

  return {
    async append(shard, expectedTail, record): Promise<AppendResult> {
      if (closed) throw new Error("the log is closed");
      const bytes = encode(expectedTail, record);
      if (!bytes) return "too-large";
      const append = of(shard).append(expectedTail, bytes);
      appending.add(append);
      return append.finally(() => appending.delete(append));
    },
    read: async (shard, position, maxBytes = defaultReadBytes) => of(shard).read(position, maxBytes),
    follow: (shard, fromPosition, follower, signal) => of(shard).follow(fromPosition, follower, signal),
    tail: async (shard) => of(shard).tail(),
    trim: async (shard, position) => of(shard).reader.trim(position),
    fullness: async (shard) => of(shard).stream.fullness(),
    async close() {
      closed = true;
      clearInterval(ticks);
      forget();
      for (const log of logs) log.close();
      await Promise.allSettled(appending);
    },
  };
}

/** The record as it is stored; undefined where it is too large. */
function encode(expectedTail: number, record: LogRecord): Uint8Array | undefined {
  if (Number(record.position) !== expectedTail + 1) {
    throw new RangeError(`a record of ${record.position} on ${expectedTail}`);
  }
  if (lastPosition(record) === expectedTail) throw new RangeError("a record without entries");
  if (record.entries.length > maxRecordEntries) return undefined;
  const bytes = toBinary(RecordSchema, record);
  return bytes.length > maxRecordBytes ? undefined : bytes;
}
