import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import type { Event } from "#gen/parley/chat/v1/events_pb.js";
import { newConversationId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { eventOf, recordOf } from "#platform/testing/records.ts";
import { openFollowing } from "./following-log.ts";

async function openShard(watermark = 0) {
  const [log, id] = [await openTestLog(), newConversationId(0)];
  const logger = pino({ level: "silent" });
  const following = await openFollowing({ log, shards: 1, logger, watermark: async () => watermark });
  onTestFinished(() => following.close());
  const append = async (...events: Event[]) => {
    const tail = await log.tail(0);
    await log.append(0, tail, recordOf(tail + 1, events, { epoch: 0n }));
    await following.reached(0, tail + events.length, 5_000);
  };
  return { following, append, id };
}

test("counts what the store does not hold: entries and bytes, less what is deleted or projected", async () => {
  const { following, append, id } = await openShard();
  const held = () => {
    const entries = following.above(0, following.watermark(0), 100) ?? [];
    return { entries: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes.length, 0) };
  };
  await append(eventOf(id, 1), eventOf(id, 2), eventOf(id, 3));
  expect(following.behind(0)).toEqual({ ...held(), entries: 3 });
  await append(eventOf(id, 4, { case: "messageDeleted", value: { targetSeq: 2n } }));
  expect(following.behind(0)).toEqual({ ...held(), entries: 4 });
  following.projected(0, 2);
  expect(following.behind(0)).toEqual({ ...held(), entries: 2 });
  following.projected(0, 4);
  expect(following.behind(0)).toEqual({ entries: 0, bytes: 0 });
});

test("keeps what was decoded of entries that the store does not hold, and of no others, whoever asks and whenever", async () => {
  const { following, append, id } = await openShard();
  const kept = () => {
    const entries = following.above(0, 0, 10) ?? [];
    const first = entries.map(({ event }) => event);
    return entries.map(({ event }, index) => event === first[index]);
  };
  await append(eventOf(id, 1), eventOf(id, 2), eventOf(id, 3));
  expect(kept()).toEqual([true, true, true]);
  following.projected(0, 2);
  expect(kept()).toEqual([false, false, true]);
  following.projected(0, 4);
  await append(eventOf(id, 4), eventOf(id, 5));
  expect(kept()).toEqual([false, false, false, false, true]);
});
