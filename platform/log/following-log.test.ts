import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Record as LogRecord, PackedRecord } from "#gen/parley/log/v1/record_pb.js";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { eventOf, ownerRecordOf, type RecordMore, recordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import type { EventLog, LogFollower } from "./event-log.ts";
import type { FollowedEntry } from "./following.ts";
import { openFollowing, type RunningFollowing } from "./following-log.ts";
import { packed } from "./packed-record.ts";

const logger = pino({ level: "silent" });
const id = newConversationId(0);
let log: EventLog;

beforeEach(async () => {
  log = await openTestLog();
});

async function follow(watermark = 0, over: EventLog = log, maxBytes?: number): Promise<RunningFollowing> {
  const limit = maxBytes === undefined ? {} : { maxBytes };
  const following = await openFollowing({ log: over, shards: 1, logger, watermark: async () => watermark, ...limit });
  onTestFinished(() => following.close());
  return following;
}

/** Appends a record with events of the given numbers. */
async function append(seqs: readonly number[], more: RecordMore = {}, of: ConversationId = id): Promise<void> {
  const events = seqs.map((seq) => eventOf(of, seq));
  const tail = await log.tail(0);
  expect(await log.append(0, tail, recordOf(tail + 1, events, { epoch: 0n, ...more }))).toBe("appended");
}

async function appendOwner(epoch: number): Promise<void> {
  const tail = await log.tail(0);
  expect(await log.append(0, tail, ownerRecordOf(tail + 1, epoch))).toBe("appended");
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const seqs = (entries: readonly FollowedEntry[] | undefined) => entries?.map(({ seq }) => seq);
const settled = (following: RunningFollowing, tail: number) =>
  until(() => (following.tail(0) === tail || following.stopped(0) ? "" : `at ${following.tail(0)} of ${tail}`));

describe("following", () => {
  test("is at the log's tail once it is open, and then keeps up", async () => {
    await append([1, 2]);
    await append([3]);
    const following = await follow();
    expect([following.tail(0), following.epoch(0), following.incarnation(0)]).toEqual([3, 0, 1]);
    await append([4]);
    expect(await following.reached(0, 4, 5_000)).toBe(true);
    expect(seqs(following.above(0, 0, 100))).toEqual([1, 2, 3, 4]);
  });

  test("shows each entry to listeners once, in order, and owner records only move the tail", async () => {
    const following = await follow();
    const seen: FollowedEntry[] = [];
    const unlisten = following.listen((entry) => seen.push(entry));
    await append([1, 2]);
    await appendOwner(1);
    await append([3], { epoch: 1n });
    await settled(following, 4);
    unlisten();
    unlisten();
    await append([4], { epoch: 1n });
    await settled(following, 5);
    expect(seen.map(({ position, seq }) => [position, seq])).toEqual([
      [1, 1],
      [2, 2],
      [4, 3],
    ]);
    expect([following.epoch(0), seqs(following.above(0, 2, 100))]).toEqual([1, [3, 4]]);
  });

  test("an unknown shard is a mistake of the caller", async () => {
    const following = await follow();
    expect(() => following.tail(1)).toThrow(RangeError);
  });

  test("a log that drops, repeats and reorders what it shows is followed whole and in order", async () => {
    const following = await follow(0, createDisorderlyLog(log));
    const seen: number[] = [];
    following.listen(({ seq }) => seen.push(seq));
    for (const seq of upTo(200)) await append([2 * seq - 1, 2 * seq]);
    await settled(following, 400);
    expect(seen).toEqual(upTo(400));
    expect(following.stopped(0)).toBeUndefined();
  });

  test("a last record that is never shown is noticed by the tail that is told", async () => {
    const following = await follow(0, {
      ...log,
      follow: (shard, from, follower, signal) => {
        log.follow(shard, from, { onRecord: () => {}, onTail: follower.onTail }, signal);
      },
    });
    await append([1]);
    expect(await following.reached(0, 1, 5_000)).toBe(true);
  });

  test("a log that shows and tells nothing is asked for its tail", async () => {
    const following = await follow(0, { ...log, follow: () => {} });
    await append([1]);
    expect(await following.reached(0, 1, 10_000)).toBe(true);
  });
});

describe("a damaged log stops the shard, which keeps what it has", () => {
  async function expectStopped(record: LogRecord, reason: RegExp): Promise<void> {
    const disorderly = createPuppetLog(log);
    const following = await follow(0, disorderly);
    await append([1, 2]);
    await settled(following, 2);
    const waiting = following.reached(0, 100, Number.POSITIVE_INFINITY);
    disorderly.show(record);
    await until(() => (following.stopped(0) ? "" : "it goes on"));
    expect(following.stopped(0)).toMatch(reason);
    expect(await waiting).toBe(false);
    expect(await following.reached(0, 3, 1_000)).toBe(false);
    expect(await following.reached(0, 2, 0)).toBe(true);
    await append([3]);
    expect([following.tail(0), seqs(following.above(0, 0, 10))]).toEqual([2, [1, 2]]);
  }
  const event = (seq: number) => eventOf(id, seq);

  test("at a record that overlaps", () => expectStopped(recordOf(2, [event(2), event(3)], { epoch: 0n }), /overlaps/));
  test("at another epoch", () => expectStopped(recordOf(3, [event(3)], { epoch: 1n }), /epoch/));
  test("at an owner record that skips an epoch", () => expectStopped(ownerRecordOf(3, 2), /epoch/));
  test("at a past incarnation", () => expectStopped(recordOf(3, [event(3)], { epoch: 0n, incarnation: 0n }), /past/));
  test.for([
    ["an event", Uint8Array.of(0xff, 0xff)],
    ["the text in one, which nobody here reads,", Uint8Array.of(0x5a, 5, 0x0a, 3, 0x0a, 1, 0xff)],
  ] as const)("where %s can't be decoded", ([, bytes]) =>
    expectStopped(recordOf(3, [], { epoch: 0n, entries: [{ event: bytes, header: {} }] }), /can't be read/),
  );

  test("and stays stopped for the first reason", async () => {
    const following = await follow();
    following.stop(0, "one");
    following.stop(0, "two");
    await append([1]);
    expect([following.stopped(0), following.tail(0)]).toEqual(["one", 0]);
  });
});

describe("starting", () => {
  test("below, at and far above the warm part of the ring", async () => {
    for (const base of upTo(30)) await append(upTo(100).map((index) => (base - 1) * 100 + index));
    for (const [watermark, first] of [
      [0, 1],
      [1990, 1],
      [2950, 951],
      [3000, 1001],
    ] as const) {
      const following = await follow(watermark);
      expect([following.watermark(0), following.tail(0), following.ringStart(0)]).toEqual([watermark, 3000, first]);
      expect(seqs(following.above(0, first - 1, 2))).toEqual([first, first + 1]);
      expect(following.above(0, first - 2, 2)).toBeUndefined();
      expect(following.ofConversation(id, 0)).toHaveLength(3000 - first + 1);
    }
  });

  test("on a log that was trimmed below the watermark begins with what is there", async () => {
    for (const seq of upTo(5)) await append([2 * seq - 1, 2 * seq]);
    await log.trim(0, 6);
    const following = await follow(5);
    expect([following.ringStart(0), following.tail(0), following.stopped(0)]).toEqual([5, 10, undefined]);
    expect(seqs(following.above(0, 4, 3))).toEqual([5, 6, 7]);
  });

  test("on a log that was trimmed above the watermark stops: the store would miss events", async () => {
    for (const seq of upTo(5)) await append([seq]);
    await log.trim(0, 4);
    expect((await follow(2)).stopped(0)).toMatch(/gone/);
  });

  test("on a log that names an old tail at first goes on: a server stood still", async () => {
    await append([1, 2, 3]);
    const old = [1, 2];
    const following = await follow(3, { ...log, tail: async (shard) => old.shift() ?? log.tail(shard) });
    expect([following.stopped(0), following.tail(0)]).toEqual([undefined, 3]);
  });

  test("on a log that ends below the watermark stops: it was rolled back", async () => {
    await append([1, 2]);
    expect((await follow(3)).stopped(0)).toMatch(/ends at 2/);
  });
});

describe("waiting for a position", () => {
  test("ends with true at the position, false at the time limit, the signal, or the end", async () => {
    const following = await follow();
    const [ending, ended] = [new AbortController(), AbortSignal.abort()];
    expect(await following.reached(0, 0, 0)).toBe(true);
    expect(await following.reached(0, 1, 1)).toBe(false);
    expect(await following.reached(0, 1, 60_000, ended)).toBe(false);
    const aborted = following.reached(0, 1, 60_000, ending.signal);
    const first = following.reached(0, 1, 60_000);
    const second = following.reached(0, 2, 60_000);
    ending.abort();
    expect(await aborted).toBe(false);
    await append([1]);
    expect(await first).toBe(true);
    following.close();
    following.close();
    expect(await second).toBe(false);
    expect(await following.reached(0, 2, 60_000)).toBe(false);
  });
});

describe("the ring", () => {
  test("holds what its budget allows, but everything above the watermark", async () => {
    const following = await follow(0, log, 100_000);
    for (const seq of upTo(300)) await append([seq]);
    await settled(following, 300);
    expect([following.ringStart(0), following.ofConversation(id, 0).length]).toEqual([1, 300]);
    following.projected(0, 250);
    following.projected(0, 200);
    await append([301]);
    await settled(following, 301);
    expect(following.watermark(0)).toBe(250);
    const start = following.ringStart(0);
    expect(start).toBeGreaterThan(100);
    expect(start).toBeLessThanOrEqual(251);
    expect(following.above(0, start - 2, 1)).toBeUndefined();
    expect(seqs(following.above(0, start - 1, 1000))).toEqual(upTo(301).slice(start - 1));
    following.projected(0, 301);
    for (const seq of upTo(100)) await append([301 + seq]);
    await settled(following, 401);
    expect(following.ringStart(0)).toBeLessThanOrEqual(302);
  });

  test("buries a deleted message and its edits, and nothing else", async () => {
    const other = newConversationId(0);
    const edited = (targetSeq: bigint) =>
      ({ case: "messageEdited", value: { targetSeq, content: { text: "secret" } } }) as const;
    const events = [
      eventOf(id, 1),
      eventOf(id, 2),
      eventOf(other, 2),
      eventOf(id, 3, edited(2n)),
      eventOf(id, 4, edited(1n)),
      eventOf(other, 3, edited(2n)),
      eventOf(id, 5, edited(2n)),
    ];
    const following = await follow();
    await log.append(0, 0, recordOf(1, events, { epoch: 0n }));
    const deletion = eventOf(id, 6, { case: "messageDeleted", value: { targetSeq: 2n, targetCount: 2n } });
    await log.append(0, 7, recordOf(8, [deletion], { epoch: 0n }));
    await settled(following, 8);
    const bodies = (of: ConversationId) => following.ofConversation(of, 0).map(({ event }) => event.body.case);
    const kept = ["messagePosted", "tombstone", "tombstone", "messageEdited", "tombstone", "messageDeleted"];
    expect(bodies(id)).toEqual(kept);
    expect(bodies(other)).toEqual(["messagePosted", "messageEdited"]);
    const buried = following.above(0, 0, 100)?.filter(({ event }) => event.body.case === "tombstone") ?? [];
    expect(buried.map(({ position, seq, event }) => [position, seq, event.authorId, event.body.value])).toMatchObject([
      [2, 2, "ada", { targetSeq: 2n }],
      [4, 3, "ada", { targetSeq: 2n }],
      [7, 5, "ada", { targetSeq: 2n }],
    ]);
    expect(buried.some(({ bytes }) => Buffer.from(bytes).includes("secret"))).toBe(false);
  });
});

/** Shows whatever the test hands it. */
function createPuppetLog(over: EventLog): EventLog & { show(record: LogRecord): void } {
  let shown: LogFollower | undefined;
  return {
    ...over,
    follow(shard, from, follower, signal) {
      shown = follower;
      over.follow(shard, from, follower, signal);
    },
    show: (record) => shown?.onRecord(packed(record)),
  };
}

/** Drops every third record, shows every fourth twice, and every fifth only after the next one. */
function createDisorderlyLog(over: EventLog): EventLog {
  return {
    ...over,
    follow(shard, from, follower, signal) {
      let count = 0;
      let kept: PackedRecord | undefined;
      const onRecord = (record: PackedRecord) => {
        count++;
        const before = kept;
        kept = undefined;
        if (count % 5 === 0) kept = record;
        else if (count % 3 !== 0) follower.onRecord(record);
        if (count % 4 === 0) follower.onRecord(record);
        if (before) follower.onRecord(before);
      };
      over.follow(shard, from, { onRecord, onTail: follower.onTail }, signal);
    },
  };
}

afterEach(() => log.close());
