import { expect, test } from "vitest";
import { newConversationId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { eventOf, recordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { countedLog, ReadCounts } from "../testing/counting.ts";
import { createTailReads } from "./tail-reads.ts";

test("thousands who ask for a tail at once have it read at most twice; what was read answers for all below it", async () => {
  const [log, counts, id] = [await openTestLog(), new ReadCounts(), newConversationId(0)];
  const tailOf = createTailReads(countedLog(log, counts));
  await log.append(0, 0, recordOf(1, [eventOf(id, 1), eventOf(id, 2)]));
  const tails = await Promise.all(Array.from({ length: 5_000 }, () => tailOf(0, 2)));
  expect([new Set(tails), counts.take().of("tail")]).toEqual([new Set([2]), 2]);
  expect([await tailOf(0, 2), counts.take().of("tail")]).toEqual([2, 0]);
  expect([await tailOf(0, 3), counts.take().of("tail")]).toEqual([2, 1]);
  await log.append(0, 2, recordOf(3, [eventOf(id, 3)]));
  expect(await tailOf(0, 3)).toBe(3);
});

test("who asks while a tail is read hears of one that was read later", async () => {
  const log = await openTestLog();
  const answers: ((tail: number) => void)[] = [];
  const tailOf = createTailReads({ ...log, tail: () => new Promise((resolve) => answers.push(resolve)) });
  const [early, late, alsoLate] = [tailOf(0, 7), tailOf(0, 7), tailOf(0, 8)];
  expect(answers).toHaveLength(1);
  answers[0]?.(6);
  expect(await early).toBe(6);
  await until(() => (answers.length === 2 ? "" : "not asked again"));
  answers[1]?.(8);
  expect([await late, await alsoLate]).toEqual([8, 8]);
});
