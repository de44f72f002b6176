import { beforeEach, expect, test } from "vitest";
import type { EventLog } from "#platform/log/event-log.ts";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { eventOf, recordOf } from "#platform/testing/records.ts";
import { countedLog, ReadCounts } from "../testing/counting.ts";
import { LogSurvey, pageAlignment } from "./log-survey.ts";

const [id, other] = [newConversationId(0), newConversationId(0)];
const counts = new ReadCounts();
let log: EventLog;
let survey: LogSurvey;

beforeEach(async () => {
  log = await openTestLog();
  counts.take();
  survey = new LogSurvey(countedLog(log, counts));
});

/** Appends events of the conversations, one after the other in turn; each with so much text. */
async function fill(count: number, conversations: readonly ConversationId[] = [id], textBytes = 1): Promise<void> {
  const seqs = new Map<ConversationId, number>();
  for (let tail = await log.tail(0), left = count; left > 0; ) {
    const events = Array.from({ length: Math.min(left, 200) }, (_, index) => {
      const of = conversations[(tail + index) % conversations.length] ?? id;
      const seq = (seqs.get(of) ?? 0) + 1;
      seqs.set(of, seq);
      return eventOf(of, seq, { case: "messagePosted", value: { content: { text: "x".repeat(textBytes) } } });
    });
    expect(await log.append(0, tail, recordOf(tail + 1, events))).toBe("appended");
    tail += events.length;
    left -= events.length;
  }
}

test("tells which numbers of a conversation stand between two positions", async () => {
  await fill(10, [id, other]);
  const page = await survey.pageAt(0, 5);
  expect([page?.first, page?.last]).toEqual([1, 10]);
  expect([page?.run(id, 0, 10), page?.run(other, 0, 10)]).toEqual([
    { from: 1, to: 5 },
    { from: 1, to: 5 },
  ]);
  expect([page?.run(id, 2, 7), page?.run(id, 3, 4), page?.run(newConversationId(0), 0, 10)]).toEqual([
    { from: 2, to: 4 },
    undefined,
    undefined,
  ]);
});

test("a stretch is read once for all who ask for it, at the same time or later, wherever in it they begin", async () => {
  await fill(2 * pageAlignment);
  const positions = Array.from({ length: 1000 }, (_, index) => 1 + 8 * index);
  const pages = await Promise.all(positions.map((position) => survey.pageAt(0, position)));
  expect(pages.every((page, index) => page && page.first <= (positions[index] ?? 0))).toBe(true);
  expect((await survey.pageAt(0, 17))?.first).toBe(1);
  expect(counts.of("read")).toBeLessThanOrEqual(2);
});

test("pages meet without overlapping, whichever is read first, and however large the records are", async () => {
  const tail = 3_000;
  await fill(tail, [id], 2_000);
  await survey.pageAt(0, 2_000);
  const seqs: number[] = [];
  for (let next = 1; next <= tail; ) {
    const page = await survey.pageAt(0, next);
    expect(page?.first).toBe(next);
    const run = page?.run(id, 0, tail);
    for (let seq = run?.from ?? 0; seq <= (run?.to ?? -1); seq++) seqs.push(seq);
    next = (page?.last ?? tail) + 1;
  }
  expect(seqs).toEqual(Array.from({ length: tail }, (_, index) => index + 1));
});

test("what is trimmed is not to be had, and the log is not asked for it again", async () => {
  for (let count = 0; count < 5; count++) await fill(100);
  await log.trim(0, 301);
  expect(await survey.pageAt(0, 300)).toBeUndefined();
  expect((await survey.pageAt(0, 301))?.first).toBe(301);
  counts.take();
  expect(await Promise.all([1, 100, 300].map((position) => survey.pageAt(0, position)))).toEqual(Array(3));
  expect(counts.of("read")).toBe(0);
});

test("a read that fails fails for those who wait for it, and is made again for the next", async () => {
  await fill(10);
  let failures = 1;
  const failing = new LogSurvey({
    ...log,
    read: (...call) => (failures-- > 0 ? Promise.reject(new Error("out of reach")) : log.read(...call)),
  });
  const outcomes = await Promise.allSettled([failing.pageAt(0, 1), failing.pageAt(0, 2)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect((await failing.pageAt(0, 1))?.last).toBe(10);
});
