import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openTestLog } from "#platform/testing/log.ts";
import { openTestJetStreamLog } from "#platform/testing/nats.ts";
import { bulkRecordOf } from "#platform/testing/records.ts";
import { useSqliteStore } from "#platform/testing/store.ts";
import { createSqliteCheckpoints } from "./checkpoints/checkpoint-store-sqlite.ts";
import { type EventLog, lastPosition } from "./event-log.ts";
import { marginMs, trimShard } from "./trimming.ts";

const day = 86_400_000;
const now = 20_000 * day;
const retentionMs = 30 * day;
const db = useSqliteStore(join(import.meta.dirname, "checkpoints/migrations/sqlite"));

/** Entries of each record that is appended here. */
const entries = 2;

/** Appends a record for each of the ages to a shard that is empty. */
async function appendAged(log: EventLog, shard: number, ages: readonly number[]): Promise<void> {
  for (const [index, age] of ages.entries()) {
    const record = { ...bulkRecordOf(index * entries + 1, entries), timeMs: BigInt(now - age) };
    expect(await log.append(shard, index * entries, record)).toBe("appended");
  }
}

/** Registers consumers that have covered these positions of the shard, and nobody else. */
async function cover(shard: number, positions: readonly number[]) {
  const checkpoints = createSqliteCheckpoints(db());
  await db().write([{ sql: "DELETE FROM checkpoint" }]);
  for (const [index, position] of positions.entries()) {
    const checkpoint = { incarnation: 1, position, entryHash: new Uint8Array(32) };
    await checkpoints.write(`consumer ${index}`, position > 0 ? shard : shard + 1, checkpoint);
  }
  return checkpoints;
}

const clock = () => now;
const trimming = (log: EventLog, checkpoints: Awaited<ReturnType<typeof cover>>) => {
  return { log, checkpoints, retentionMs, clock };
};
const heldBy = async (log: EventLog, shard: number) => (await log.read(shard, 0)).map(lastPosition);

test("whatever the ages and however far consumers are, all goes that may, and nothing else", async () => {
  const log = await openTestLog();
  let shard = 0;
  const age = fc.integer({ min: 0, max: 80 }).map((halfDays) => halfDays * (day / 2));
  const rising = fc.array(age, { minLength: 1, maxLength: 12 }).map((ages) => ages.sort((a, b) => b - a));
  const wrongClocks = fc.array(age, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.oneof(rising, wrongClocks), fc.array(fc.nat(26), { maxLength: 3 }), async (ages, covered) => {
      shard += 2;
      await appendAged(log, shard, ages);
      const options = trimming(log, await cover(shard, covered));
      const kept = await trimShard(shard, options);
      const held = await heldBy(log, shard);

      const slowest = Math.min(...covered, Number.POSITIVE_INFINITY);
      const holding = ages[Math.ceil(slowest / entries) - 1];
      const mayGo = (index: number) =>
        holding !== undefined &&
        (index + 1) * entries < slowest &&
        (ages[index] ?? 0) >= Math.max(retentionMs, holding + marginMs);
      const firstKept = ages.findIndex((_, index) => !mayGo(index));
      const all = ages.map((_, index) => (index + 1) * entries);
      expect(held).toEqual(all.slice(firstKept));
      expect(kept).toBe(firstKept === 0 ? undefined : firstKept * entries + 1);
      expect(await trimShard(shard, options)).toBeUndefined();
      expect(await log.tail(shard)).toBe(ages.length * entries);
    }),
    { numRuns: 150 },
  );
});

test("a shard where nothing was said for years keeps its last record and what was covered last", async () => {
  const log = await openTestLog();
  await appendAged(log, 1, [900 * day, 898 * day, 800 * day]);
  await trimShard(1, trimming(log, await cover(1, [4])));
  expect(await heldBy(log, 1)).toEqual([4, 6]);
  await trimShard(1, trimming(log, await cover(1, [6])));
  expect(await heldBy(log, 1)).toEqual([6]);
});

test("records of which nobody knows how old they are go only once something that was covered is known to be older", async () => {
  const log = await openTestLog();
  await appendAged(log, 1, [now, now, now]);
  expect(await trimShard(1, trimming(log, await cover(1, [6])))).toBeUndefined();
  await log.append(1, 6, { ...bulkRecordOf(7, entries), timeMs: BigInt(now) });
  expect(await trimShard(1, trimming(log, await cover(1, [8])))).toBe(7);
});

test("where the log does not hold what was covered, nothing goes", async () => {
  const log = await openTestLog();
  await appendAged(log, 1, [90 * day, 80 * day, 70 * day]);
  expect(await trimShard(1, trimming(log, await cover(1, [8])))).toBeUndefined();
  await log.trim(1, 5);
  expect(await trimShard(1, trimming(log, await cover(1, [2])))).toBeUndefined();
  expect(await heldBy(log, 1)).toEqual([6]);
});

test.each([
  { engine: "SQLite", open: openTestLog },
  { engine: "JetStream", open: () => openTestJetStreamLog(1) },
])("more than one page goes in one run, on $engine", async ({ open }) => {
  const log = await open();
  const big = (index: number) => ({
    ...bulkRecordOf(index + 1, 1, 400_000),
    timeMs: BigInt(now - 90 * day + index * day),
  });
  for (let index = 0; index < 20; index++) await log.append(1, index, big(index));
  expect(await trimShard(1, trimming(log, await cover(1, [20])))).toBe(20);
  expect(await heldBy(log, 1)).toEqual([20]);
});
