import { pino } from "pino";
import { expect, test } from "vitest";
import type { Event } from "#gen/parley/chat/v1/events_pb.js";
import { newConversationId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { eventOf, recordOf } from "#platform/testing/records.ts";
import { openFollowing } from "./following-log.ts";

test("counts what the store does not hold: entries and bytes, less what is deleted or projected", async () => {
  const [log, id] = [await openTestLog(), newConversationId(0)];
  const logger = pino({ level: "silent" });
  const following = await openFollowing({ log, shards: 1, logger, watermark: async () => 0 });
  const append = async (...events: Event[]) => {
    const tail = await log.tail(0);
    await log.append(0, tail, recordOf(tail + 1, events, { epoch: 0n }));
    await following.reached(0, tail + events.length, 5_000);
  };
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
  following.close();
});
