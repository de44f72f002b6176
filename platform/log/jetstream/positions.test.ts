import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import type { NatsEngine } from "#platform/engines/nats.ts";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { openTestNats } from "#platform/testing/nats.ts";
import { bulkRecordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { type EventLog, lastPosition } from "../event-log.ts";
import { openJetStreamEventLog } from "../event-log-jetstream.ts";

async function open(engine: NatsEngine): Promise<EventLog> {
  const log = await openJetStreamEventLog({ engine, shards: 1 });
  onTestFinished(log.close);
  return log;
}

/** Appends records of these numbers of entries. Returns the positions at which they begin. */
async function fill(log: EventLog, counts: readonly number[]): Promise<number[]> {
  const beginnings: number[] = [];
  let tail = await log.tail(0);
  for (const count of counts) {
    expect(await log.append(0, tail, bulkRecordOf(tail + 1, count))).toBe("appended");
    beginnings.push(tail + 1);
    tail += count;
  }
  return beginnings;
}

const firstAt = async (log: EventLog, position: number) => Number((await log.read(0, position, 1))[0]?.position ?? 0);

describeOnEngines("positions on JetStream", ["nats", "nats-cluster"], () => {
  test.for([1, 3] as const)(
    "whoever has seen nothing finds every position, also where others trim: %i copies",
    async (replicas) => {
      const engine = await openTestNats(replicas);
      const counts = Array.from({ length: 120 }, (_, index) => 1 + ((index * 7) % 5));
      const beginnings = await fill(await open(engine), counts);
      const end = beginnings.length === 0 ? 0 : (beginnings.at(-1) ?? 0) + (counts.at(-1) ?? 0);
      const trimmer = await open(engine);
      const reader = await open(engine);
      let first = 0;
      const step = fc.record({
        position: fc.integer({ min: 0, max: end + 3 }),
        trims: fc.integer({ min: 0, max: 19 }),
      });
      const steps = fc.sample(step, { numRuns: 60, seed: 7 });
      for (const { position, trims } of steps) {
        if (trims === 0) {
          await trimmer.trim(0, Math.floor(position / 2));
          first = Math.max(first, beginnings.findLast((beginning) => beginning <= position / 2) ?? 0);
        }
        const fresh = await open(engine);
        const holder =
          position >= end ? 0 : Math.max(first, beginnings.findLast((beginning) => beginning <= position) ?? 1);
        await until(async () => {
          const found = [await firstAt(fresh, position), await firstAt(reader, position)];
          // A copy that has not trimmed yet may still show what is gone.
          return found.every((beginning) => beginning === holder || (beginning < first && holder === first))
            ? ""
            : `${found} for ${position}, not ${holder}`;
        });
      }
    },
  );

  test("more records than are kept in mind are found, in an order that is none", async () => {
    const log = await open(await openTestNats(1));
    await fill(log, Array(1_500).fill(2));
    for (const position of [1, 2, 1_500, 3_000, 7, 2_999, 1_111, 1_500, 3_001]) {
      const expected = position > 3_000 ? 0 : position - ((position + 1) % 2);
      expect(await firstAt(log, position)).toBe(expected);
    }
    expect((await log.read(0, 1)).map(lastPosition)).toHaveLength(1_500);
  });

  test("what was kept in mind of a stream that was lost and made anew misleads nobody", async () => {
    const engine = await openTestNats(1);
    const log = await open(engine);
    await fill(log, [1, 1, 1, 1]);
    await engine.jetstreamManager.streams.delete(`${engine.name}-log-0`);
    const other = await open(engine);
    await fill(other, [3, 3]);
    expect((await log.read(0, 3)).map(({ position }) => Number(position))).toEqual([1, 4]);
    expect(await log.tail(0)).toBe(6);
    expect(await log.append(0, 4, bulkRecordOf(5, 1))).toBe("wrong-tail");
    expect(await log.append(0, 6, bulkRecordOf(7, 1))).toBe("appended");
  });
});
