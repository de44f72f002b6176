import { expect, test } from "vitest";
import { createHoldingEventLog } from "#platform/testing/holding-event-log.ts";
import { openTestLog, openTestLogFile } from "#platform/testing/log.ts";
import { bulkRecordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { describeEventLog } from "./event-log.contract.ts";
import { AppendUnknown } from "./event-log.ts";

describeEventLog("sqlite", openTestLog);
describeEventLog("sqlite behind a network that holds nothing", async () => createHoldingEventLog(await openTestLog()));

test("a damaged row makes reading fail, and following goes on with what is appended later", async () => {
  const { log, db } = await openTestLogFile();
  await log.append(0, 0, bulkRecordOf(1, 1));
  await db.script("UPDATE record SET bytes = x'ffff'");
  const shown: number[] = [];
  const onRecord = ({ position }: { position: bigint }) => void shown.push(Number(position));
  log.follow(0, 1, { onRecord, onTail: () => {} }, AbortSignal.timeout(10_000));
  await expect(log.read(0, 1)).rejects.toThrow();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(await log.append(0, 1, bulkRecordOf(2, 1))).toBe("appended");
  await until(() => (shown.length > 0 ? "" : "nothing shown"));
  expect(shown).toEqual([2]);
});

test("an append that the engine fails to answer has an unknown outcome", async () => {
  const { log, db } = await openTestLogFile();
  await db.script("DROP TABLE record");
  await expect(log.append(0, 0, bulkRecordOf(1, 1))).rejects.toThrow(AppendUnknown);
});

test("a log that has no room left refuses for good, and takes appends again once it has", async () => {
  const { log, db } = await openTestLogFile();
  await db.script("PRAGMA max_page_count = 40");
  let tail = 0;
  const append = () => log.append(0, tail, bulkRecordOf(tail + 1, 1, 10_000));
  for (let result = await append(); result === "appended"; result = await append()) tail++;
  expect(tail).toBeGreaterThan(3);
  expect(await Promise.all([append(), log.append(1, 0, bulkRecordOf(1, 1, 100_000))])).toEqual(["full", "full"]);
  expect([await log.tail(0), await log.tail(1), (await log.read(0, 1)).length]).toEqual([tail, 0, tail]);
  await db.script("PRAGMA max_page_count = 4000");
  expect(await append()).toBe("appended");
});
