import { pino } from "pino";
import { expect, test } from "vitest";
import { ConversationKind, Role } from "#gen/parley/chat/v1/events_pb.js";
import { openFollowing } from "#platform/log/following-log.ts";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { eventOf, recordOf } from "#platform/testing/records.ts";
import { Projection } from "../projector/projection.ts";
import { createSqliteConversations } from "../stores/conversation-store-sqlite.ts";
import { createSqliteHistory } from "../stores/history-store-sqlite.ts";
import { createSqliteProjection } from "../stores/projection-store-sqlite.ts";
import { openChatStore } from "../testing/chat-files.ts";
import { createConversationRows } from "./conversation-rows.ts";

/** A conversation that is followed with so large a ring, and how often its row was read. */
async function openRows(ringBytes?: number) {
  const [log, db, id] = [await openTestLog(), await openChatStore(), newConversationId(0)];
  const limit = ringBytes === undefined ? {} : { maxBytes: ringBytes };
  const logger = pino({ level: "silent" });
  const following = await openFollowing({ log, shards: 1, logger, watermark: async () => 0, ...limit });
  const [conversations, history] = [createSqliteConversations(db), createSqliteHistory(db)];
  const projection = new Projection({ conversations, history });
  const store = {
    reads: 0,
    conversation(of: ConversationId) {
      store.reads++;
      return conversations.conversation(of);
    },
  };
  let seq = 0;
  const value = { kind: ConversationKind.GROUP, members: [{ userId: "ada", role: Role.OWNER }] };
  return {
    id,
    following,
    store,
    row: createConversationRows(store, following),
    async append(count: number) {
      for (let left = count; left > 0; left--) {
        const body = seq++ === 0 ? ({ case: "conversationCreated", value } as const) : undefined;
        await log.append(0, seq - 1, recordOf(seq, [eventOf(id, seq, body)], { epoch: 0n }));
      }
      await following.reached(0, seq, 5_000);
    },
    async project(back: number) {
      const from = following.watermark(0);
      for (const entry of following.above(0, from, seq - back - from) ?? []) await projection.apply(entry);
      const checkpoint = { position: seq - back, incarnation: 1, entryHash: new Uint8Array(32) };
      await createSqliteProjection(db).apply(0, projection.rows(), checkpoint);
      following.projected(0, seq - back);
    },
  };
}

test("a row is read once for all who ask, and what is followed since completes it", async () => {
  const { id, store, row, append, project, following } = await openRows();
  await append(10);
  await project(4);
  const heads = await Promise.all(Array.from({ length: 1_000 }, async () => (await row(id))?.headSeq));
  expect([new Set(heads), store.reads]).toEqual([new Set([10]), 1]);
  await append(5);
  await project(1);
  expect([(await row(id))?.headSeq, store.reads]).toEqual([15, 1]);
  following.close();
});

test("it is read again where the ring lacks what was followed since, and where that is much", async () => {
  const { id, store, row, append, project, following } = await openRows(1);
  await append(3);
  await project(0);
  expect([(await row(id))?.headSeq, store.reads]).toEqual([3, 1]);
  await append(200);
  await project(10);
  await append(1);
  expect(following.ringStart(0)).toBeGreaterThan(4);
  expect([(await row(id))?.headSeq, store.reads]).toEqual([204, 2]);
  await append(300);
  expect([(await row(id))?.headSeq, store.reads]).toEqual([504, 2]);
  following.close();
});

test("what does not exist is asked for each time, and found once it does", async () => {
  const { id, store, row, append, following } = await openRows();
  expect([await row(id), await row(id), store.reads]).toEqual([undefined, undefined, 2]);
  await append(1);
  expect((await row(id))?.headSeq).toBe(1);
  following.close();
});
