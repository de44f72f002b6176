import { setTimeout as pause } from "node:timers/promises";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { concurrently } from "#platform/engines/concurrently.ts";
import { type AppendResult, AppendUnknown, type EventLog, lastPosition } from "#platform/log/event-log.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { type ImportPass, notedOf, noteGrown } from "./import-pass.ts";

/** Shards that are written at the same time. */
const shardsAtOnce = 16;
/** Records that are fetched from the image at once. */
const chunkRecords = 64;
/** How often an append may stay without an answer, or find another one's record, before the import ends. */
const maxTries = 20;
const retryMs = 500;

/** Makes a record the first of an empty shard, wherever it begins. */
export type BeginShard = (shard: number, record: LogRecord) => Promise<AppendResult>;

/** Appends what the target's log lacks, record for record, and reads it back. */
export async function importRecords(pass: ImportPass, log: EventLog, begin: BeginShard): Promise<number> {
  const shards = Array.from({ length: pass.shards }, (_, shard) => shard);
  const appended = await concurrently(shards, shardsAtOnce, (shard) => importShard(pass, log, begin, shard));
  return appended.reduce((sum, records) => sum + records, 0);
}

async function importShard(pass: ImportPass, log: EventLog, begin: BeginShard, shard: number): Promise<number> {
  const { image, progress, signal } = pass;
  const sql = "SELECT max(last_position) AS tail FROM record WHERE shard = ?";
  const end = Number(image.db.prepare(sql).get(shard)?.tail ?? 0);
  let tail = await log.tail(shard);
  if (tail > end) throw foreign(shard);
  await verifyShard(pass, log, shard, tail);
  let appended = 0;
  for (let tries = 0; tail < end; ) {
    signal.throwIfAborted();
    const records = recordsAfter(pass, shard, tail);
    for (const record of records) {
      const result = await append(log, begin, shard, tail, record);
      if (result !== "appended") break;
      tail = lastPosition(record);
      [appended, tries] = [appended + 1, 0];
    }
    progress(`import log, shard ${shard}`, tail, end);
    const last = records.at(-1);
    if (last && lastPosition(last) === tail) continue;
    if (++tries > maxTries) throw new StartError(`Shard ${shard} of the log can't be written: something else does.`);
    await pause(retryMs, undefined, { signal });
    tail = await log.tail(shard);
  }
  await verifyShard(pass, log, shard, end);
  return appended;
}

/** Throws StartError where the log is full. "unknown": it must be read before anything else. */
async function append(
  log: EventLog,
  begin: BeginShard,
  shard: number,
  tail: number,
  record: LogRecord,
): Promise<AppendResult | "unknown"> {
  try {
    const isFirst = tail === 0 && record.position > 1n;
    const result = isFirst ? await begin(shard, record) : await log.append(shard, tail, record);
    if (result === "appended" || result === "wrong-tail") return result;
    throw new StartError(
      result === "full"
        ? "The log of the target is full: set a larger max_bytes in PARLEY_LOG, twice the size of log.db at least."
        : `The log of the target refuses record ${record.position} of shard ${shard}: it is ${result}.`,
    );
  } catch (error) {
    if (error instanceof AppendUnknown) return "unknown";
    throw error;
  }
}

/** Throws StartError where the target's log, up to `tail`, is not that of the image. What was compared before is not read again. */
async function verifyShard(pass: ImportPass, log: EventLog, shard: number, tail: number): Promise<void> {
  const part = `log ${shard}`;
  for (let last = notedOf(pass, part); last < tail; ) {
    pass.signal.throwIfAborted();
    const wanted = recordsAfter(pass, shard, last);
    const [first] = wanted;
    const found = first ? await log.read(shard, Number(first.position)) : [];
    const compared = Math.min(wanted.length, found.length);
    if (compared === 0) throw foreign(shard);
    for (let index = 0; index < compared; index++) {
      const [one, other] = [wanted[index], found[index]];
      if (!one || !other || !isSame(one, other)) throw foreign(shard);
      last = lastPosition(one);
    }
    noteGrown(pass, part, last);
    pass.progress(`verify log, shard ${shard}`, last, tail);
  }
}

function recordsAfter({ image }: ImportPass, shard: number, position: number): LogRecord[] {
  const sql = "SELECT bytes FROM record WHERE shard = ? AND position > ? ORDER BY position LIMIT ?";
  return image.db
    .prepare(sql)
    .all(shard, position, chunkRecords)
    .map(({ bytes }) => {
      if (!(bytes instanceof Uint8Array)) throw new TypeError("a record without bytes");
      return fromBinary(RecordSchema, bytes);
    });
}

function isSame(one: LogRecord, other: LogRecord): boolean {
  return Buffer.compare(toBinary(RecordSchema, one), toBinary(RecordSchema, other)) === 0;
}

function foreign(shard: number): StartError {
  return new StartError(
    `Shard ${shard} of the target's log holds something else than the export: import to a new name in PARLEY_LOG.`,
  );
}
