import { create, equals, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Record as LogRecord,
  type PackedRecord,
  PackedRecordSchema,
  RecordSchema,
} from "#gen/parley/log/v1/record_pb.js";
import { bulkRecordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { type EventLog, lastPosition, maxRecordBytes, maxRecordEntries } from "./event-log.ts";

const shard = 3;

/** What holds of every engine that keeps the log. `open` makes an empty one and closes it when the test has finished. */
export function describeEventLog(engine: string, open: () => Promise<EventLog>): void {
  describe(`event log on ${engine}`, () => {
    test("an empty shard has tail 0 and nothing to read", async () => {
      const log = await open();
      expect(await log.tail(shard)).toBe(0);
      expect(await log.read(shard, 1)).toEqual([]);
    });

    test("a record that was appended at the tail is read as it was, and moves the tail by its entries", async () => {
      const log = await open();
      const records = await appendAll(log, [3, 1, 5]);
      expect(await log.tail(shard)).toBe(9);
      expectSame(await log.read(shard, 1), records);
    });

    test("an append on another tail than the shard's writes nothing", async () => {
      const log = await open();
      const records = await appendAll(log, [3]);
      for (const tail of [0, 2, 4]) {
        expect(await log.append(shard, tail, bulkRecordOf(tail + 1, 1))).toBe("wrong-tail");
      }
      expect(await log.tail(shard)).toBe(3);
      expectSame(await log.read(shard, 1), records);
      expect(await log.append(shard, 3, bulkRecordOf(4, 1))).toBe("appended");
    });

    test("of two appends on the same tail one is refused", async () => {
      const log = await open();
      const [one, two] = [bulkRecordOf(1, 2, 10), bulkRecordOf(1, 2, 20)];
      const results = await Promise.all([log.append(shard, 0, one), log.append(shard, 0, two)]);
      expect([...results].sort()).toEqual(["appended", "wrong-tail"]);
      expectSame(await log.read(shard, 1), [results[0] === "appended" ? one : two]);
    });

    test("a record that does not begin after the tail, or is empty, is a mistake of the caller", async () => {
      const log = await open();
      await expect(log.append(shard, 0, bulkRecordOf(2, 1))).rejects.toThrow(RangeError);
      await expect(log.append(shard, 0, bulkRecordOf(1, 0))).rejects.toThrow(RangeError);
      expect(await log.tail(shard)).toBe(0);
    });

    test("a record of too many bytes or entries is refused for good; the largest allowed is not", async () => {
      const log = await open();
      expect(await log.append(shard, 0, bulkRecordOf(1, maxRecordEntries + 1))).toBe("too-large");
      expect(await log.append(shard, 0, bulkRecordOf(1, 1, maxRecordBytes))).toBe("too-large");
      expect(await log.tail(shard)).toBe(0);
      expect(await log.append(shard, 0, bulkRecordOf(1, maxRecordEntries, 2000))).toBe("appended");
      expect(await log.append(shard, maxRecordEntries, bulkRecordOf(257, 1, maxRecordBytes - 64))).toBe("appended");
    });

    test("shards are logs of their own", async () => {
      const log = await open();
      await appendAll(log, [2]);
      expect(await log.append(shard + 1, 0, bulkRecordOf(1, 1))).toBe("appended");
      expect([await log.tail(shard), await log.tail(shard + 1)]).toEqual([2, 1]);
      expect(await log.read(shard + 1, 2)).toEqual([]);
      await log.trim(shard + 1, 100);
      expect(await log.read(shard, 1)).toHaveLength(1);
    });

    test("a read begins with the record that holds the position, or with the first later one", async () => {
      const log = await open();
      const records = await appendAll(log, [3, 4, 2]);
      for (let position = 0; position <= 9; position++) {
        const wanted = records.filter((record) => lastPosition(record) >= position);
        expectSame(await log.read(shard, position), wanted);
      }
      expect(await log.read(shard, 10)).toEqual([]);
      expect(await log.read(shard, 1_000_000)).toEqual([]);
    });

    test("a read gives at most the bytes asked for, but at least one record", async () => {
      const log = await open();
      const records = await appendAll(log, Array(40).fill(2), 500);
      for (const maxBytes of [0, 1, 1500]) expectSame(await log.read(shard, 5, maxBytes), records.slice(2, 3));
      expectSame(await log.read(shard, 5, 2500), records.slice(2, 4));
      expect(await log.read(shard, 1, 1_000_000)).toHaveLength(40);
      expect(await log.read(shard, 81, 0)).toEqual([]);
    });

    test("following shows what is there and then each append, in order, once", async () => {
      const log = await open();
      const before = await appendAll(log, [1, 2]);
      const seen = follow(log, 1);
      const during = appendAll(log, Array(50).fill(3), 10);
      await until(() => (seen.records.length > 0 ? "" : "nothing was shown"));
      const late = follow(log, 1);
      const all = [...before, ...(await during), ...(await appendAll(log, [1]))];
      for (const { records } of [seen, late]) {
        await until(() => (records.length >= all.length ? "" : `${records.length} of ${all.length}`));
        expectSame(records, all);
      }
    });

    test("following begins with the record that holds the position", async () => {
      const log = await open();
      const records = await appendAll(log, [3, 3, 3]);
      for (const [position, first] of [
        [1, 0],
        [4, 1],
        [5, 1],
        [9, 2],
      ] as const) {
        const seen = follow(log, position);
        await until(() => (seen.records.length === 3 - first ? "" : `${seen.records.length} shown`));
        expectSame(seen.records, records.slice(first));
      }
      const beyond = follow(log, 10);
      const [next] = await appendAll(log, [2]);
      await until(() => (beyond.records.length === 1 ? "" : `${beyond.records.length} shown`));
      expectSame(beyond.records, next ? [next] : []);
    });

    test("while nothing is appended the tail is told; a signal aborted already ends following before it begins", async () => {
      const log = await open();
      await appendAll(log, [3]);
      const shown: unknown[] = [];
      const onAny = (value: unknown) => void shown.push(value);
      log.follow(shard, 1, { onRecord: onAny, onTail: onAny }, AbortSignal.abort());
      const seen = follow(log, 1);
      await until(() => (seen.tails.length > 0 ? "" : "no hint yet"));
      expect(seen.tails).toEqual([3]);
      expect(shown).toEqual([]);
    });

    test("nothing is shown once the signal is aborted, not even the rest of what was being shown", async () => {
      const log = await open();
      await appendAll(log, [1, 1, 1]);
      const ending = new AbortController();
      const shown: PackedRecord[] = [];
      const onRecord = (record: PackedRecord) => {
        shown.push(record);
        ending.abort();
      };
      log.follow(shard, 1, { onRecord, onTail: () => {} }, ending.signal);
      await until(() => (shown.length > 0 ? "" : "nothing shown"));
      const other = follow(log, 1);
      await appendAll(log, [1]);
      await until(() => (other.records.length === 4 ? "" : `${other.records.length} shown`));
      expect(shown).toHaveLength(1);
    });

    test("trimming drops the records that end before the position, but never the last one", async () => {
      const log = await open();
      const records = await appendAll(log, [3, 3, 3]);
      await log.trim(shard, 5);
      expectSame(await log.read(shard, 1), records.slice(1));
      expect(await log.tail(shard)).toBe(9);
      await log.trim(shard, 1_000);
      expectSame(await log.read(shard, 1), records.slice(2));
      expect(await log.tail(shard)).toBe(9);
      expect(await log.append(shard, 0, bulkRecordOf(1, 1))).toBe("wrong-tail");
      expect(await log.append(shard, 9, bulkRecordOf(10, 1))).toBe("appended");
      const seen = follow(log, 2);
      await until(() => (seen.records.length === 2 ? "" : `${seen.records.length} shown`));
    });

    test("how full a shard is rises with what it holds, if the engine sets a limit", async () => {
      const log = await open();
      const before = await log.fullness(shard);
      await appendAll(log, [1, 1], 200_000);
      const after = await log.fullness(shard);
      expect(after === 0 || (after > before && after < 1)).toBe(true);
      expect(before).toBe(0);
    });

    test("reading at the tail of a long log costs what it costs at the tail of a short one", async () => {
      const log = await open();
      await appendAll(log, Array(2000).fill(1), 300);
      const readAtTail = async (of: number, tail: number) => {
        const start = performance.now();
        for (let count = 0; count < 300; count++) await log.read(of, tail + 1);
        return performance.now() - start;
      };
      await readAtTail(shard + 1, 0);
      expect(await readAtTail(shard, 2000)).toBeLessThan(20 * (await readAtTail(shard + 1, 0)) + 20);
    });

    test("closing waits for the append in flight, ends following and may be done twice", async () => {
      const log = await open();
      const seen = follow(log, 1);
      const appended = log.append(shard, 0, bulkRecordOf(1, 1));
      await Promise.all([log.close(), log.close()]);
      expect(await appended).toBe("appended");
      await log.close();
      const shown = seen.tails.length + seen.records.length;
      await expect(log.append(shard, 1, bulkRecordOf(2, 1))).rejects.toThrow();
      expect(seen.tails.length + seen.records.length).toBe(shown);
    });
  });
}

/** Appends a record for each count, each on the tail that the one before left. */
async function appendAll(log: EventLog, counts: readonly number[], bytes = 0): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  let tail = await log.tail(shard);
  for (const count of counts) {
    const record = bulkRecordOf(tail + 1, count, bytes);
    expect(await log.append(shard, tail, record)).toBe("appended");
    records.push(record);
    tail = lastPosition(record);
  }
  return records;
}

function follow(log: EventLog, position: number): { records: LogRecord[]; tails: number[] } {
  const seen: { records: LogRecord[]; tails: number[] } = { records: [], tails: [] };
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const onRecord = (record: PackedRecord) => void seen.records.push(unpacked(record));
  log.follow(shard, position, { onRecord, onTail: (tail) => void seen.tails.push(tail) }, ending.signal);
  return seen;
}

/** The record that followers were shown, whole. */
function unpacked(record: PackedRecord): LogRecord {
  return fromBinary(RecordSchema, toBinary(PackedRecordSchema, record));
}

function expectSame(records: readonly LogRecord[], wanted: readonly LogRecord[]): void {
  const positions = (list: readonly LogRecord[]) => list.map(({ position }) => Number(position));
  expect(positions(records)).toEqual(positions(wanted));
  const empty = create(RecordSchema);
  expect(records.every((record, index) => equals(RecordSchema, record, wanted[index] ?? empty))).toBe(true);
}
