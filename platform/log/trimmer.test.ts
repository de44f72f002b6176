import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openTestLog } from "#platform/testing/log.ts";
import { bulkRecordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import type { Checkpoint } from "./checkpoints/checkpoint-store.ts";
import { startTrimmer, trimEveryMs } from "./trimmer.ts";

const day = 86_400_000;
const clock = () => 1_000 * day;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("every shard that is its own is trimmed time and again, also where another one fails, until it is stopped", async () => {
  const log = await openTestLog();
  const append = (shard: number, position: number, age: number) =>
    log.append(shard, position - 1, { ...bulkRecordOf(position, 1), timeMs: BigInt(clock() - age) });
  const own = [1, 2];
  for (const shard of [0, ...own])
    for (const position of [1, 2, 3]) await append(shard, position, (100 - position * 10) * day);
  const covered = { incarnation: 1, position: 2, entryHash: new Uint8Array() };
  const checkpoints = {
    consumers: async () => ["one"],
    async read(_: string, shard: number): Promise<Checkpoint> {
      if (shard === 1) throw new Error("the store is away");
      return covered;
    },
  };
  const logger = pino({ level: "silent" });
  const timers = vi.getTimerCount();
  const trimmer = startTrimmer({ log, checkpoints, clock, logger, retentionMs: 30 * day, shards: () => own });
  const held = async (shard: number) => (await log.read(shard, 0)).length;
  await vi.advanceTimersByTimeAsync(trimEveryMs);
  await until(async () => ((await held(2)) === 2 ? "" : "not trimmed"));
  expect([await held(0), await held(1)]).toEqual([3, 3]);

  covered.position = 3;
  await vi.advanceTimersByTimeAsync(trimEveryMs);
  await until(async () => ((await held(2)) === 1 ? "" : "not trimmed again"));
  await trimmer.stop();
  await trimmer.stop();
  expect(vi.getTimerCount()).toBe(timers);
});
