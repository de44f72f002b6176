import { join } from "node:path";
import { expect, test } from "vitest";
import { createCqlCheckpoints } from "#platform/log/checkpoints/checkpoint-store-cql.ts";
import { newConversationId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { useCqlStore } from "#platform/testing/store.ts";
import { eventRow, membershipRow, messageRow, noRows, writeRows } from "../testing/rows.ts";
import { describeConversationStore } from "./conversation-store.contract.ts";
import { createCqlConversations } from "./conversation-store-cql.ts";
import { describeHistoryStore } from "./history-store.contract.ts";
import { createCqlHistory } from "./history-store-cql.ts";
import { describeIdempotenceStore } from "./idempotence-store.contract.ts";
import { createCqlIdempotence } from "./idempotence-store-cql.ts";
import { describeMarkStore } from "./mark-store.contract.ts";
import { createCqlMarks } from "./mark-store-cql.ts";
import { describeProjectionStore } from "./projection-store.contract.ts";
import { createCqlProjection } from "./projection-store-cql.ts";

const checkpoints = "../../../platform/log/checkpoints/migrations/cql";
const session = useCqlStore(join(import.meta.dirname, "migrations/cql"), join(import.meta.dirname, checkpoints));
const open = () => ({
  projection: createCqlProjection(session(), createCqlCheckpoints(session())),
  conversations: createCqlConversations(session()),
  history: createCqlHistory(session()),
  idempotence: createCqlIdempotence(session()),
});

describeProjectionStore("cql", open);
describeConversationStore("cql", open);
describeHistoryStore("cql", open);
describeIdempotenceStore("cql", open);
describeMarkStore("cql", () => createCqlMarks(session()));

test("a checkpoint is settled once what it covers was written a minute ago", async () => {
  let now = 0;
  const projection = createCqlProjection(session(), createCqlCheckpoints(session()), () => now);
  const settledAfter = async (position: number, seconds: number) => {
    now = seconds * 1_000;
    await projection.apply(9, noRows, { incarnation: 1, position, entryHash: new Uint8Array(32) });
    return (await projection.settling?.settled(9))?.position;
  };
  expect(await settledAfter(10, 0)).toBeUndefined();
  expect(await settledAfter(20, 59)).toBeUndefined();
  expect(await settledAfter(30, 60)).toBe(10);
  expect(await settledAfter(40, 119)).toBe(10);
  expect(await settledAfter(50, 125)).toBe(30);
});

test("what was written before a machine came back is not settled until it was written again", async () => {
  let [now, comeBack] = [0, () => {}];
  const own = {
    ...session(),
    onReturn(listener: () => void) {
      comeBack = listener;
      return () => {};
    },
  };
  const projection = createCqlProjection(own, createCqlCheckpoints(own), () => now);
  const settledAfter = async (position: number, seconds: number) => {
    now = seconds * 1_000;
    await projection.apply(10, noRows, { incarnation: 1, position, entryHash: new Uint8Array(32) });
    return (await projection.settling?.settled(10))?.position;
  };
  await settledAfter(10, 0);
  expect(await settledAfter(20, 60)).toBe(10);
  comeBack();
  expect(await settledAfter(30, 121)).toBe(10);
  // It is written again from what is settled on.
  expect(await settledAfter(15, 122)).toBe(10);
  expect(await settledAfter(25, 181)).toBe(10);
  expect(await settledAfter(40, 182)).toBe(15);
  expect(await settledAfter(50, 242)).toBe(40);
});

test("rows without bytes are no events and no messages", async () => {
  const [stores, id] = [open(), newConversationId(0)];
  const later = 2n ** 50n;
  await writeRows(stores, {
    events: [eventRow(id, 1), eventRow(id, 2)],
    messages: [messageRow(id, 1), messageRow(id, 2)],
  });
  await session().write(
    "DELETE event FROM event USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ? AND seq = ?",
    later,
    id,
    0,
    1,
  );
  await session().write(
    "DELETE posted FROM message USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ? AND message_count = ?",
    later,
    id,
    0,
    1,
  );
  expect((await stores.history.events(id, 1, 9, 9)).map(({ seq }) => seq)).toEqual([2]);
  expect((await stores.history.messages(id, 1, 9, "rising", 9)).map(({ messageCount }) => messageCount)).toEqual([2]);
  expect(await stores.history.message(id, 1)).toBeUndefined();
});

test("an edit is gone with its message, and a message that was never edited has no tombstone", async () => {
  const [stores, id] = [open(), newConversationId(0)];
  const edited = messageRow(id, 1, { position: 2, edited: Buffer.from("edited"), editSeqs: [3] });
  await writeRows(stores, { messages: [messageRow(id, 1), messageRow(id, 2)] });
  await writeRows(stores, { messages: [edited] });
  await writeRows(stores, { messages: [messageRow(id, 1)] });
  expect(await stores.history.message(id, 1)).toMatchObject({
    editSeqs: [3],
    edited: new Uint8Array(Buffer.from("edited")),
  });
  await writeRows(stores, { messages: [messageRow(id, 1, { position: 4, deleted: true, editSeqs: [3] })] });
  expect(await stores.history.message(id, 1)).toMatchObject({ edited: undefined, deleted: true });
});

test("an edit that was lost with the log is none of the message that takes its place in the next life", async () => {
  const [stores, id] = [open(), newConversationId(0)];
  const lost = messageRow(id, 1, { position: 20, edited: Buffer.from("lost"), editSeqs: [3] });
  await writeRows(stores, { messages: [lost] });
  await writeRows(stores, { messages: [messageRow(id, 1, { position: 5, incarnation: 2 })] });
  expect(await stores.history.message(id, 1)).toMatchObject({ edited: undefined, editSeqs: [], incarnation: 2 });
});

test("deletions are counted however many there are", async () => {
  const [stores, id] = [open(), newConversationId(0)];
  const deletions = Array.from({ length: 10_050 }, (_, n) => ({ conversationId: id, targetSeq: n + 1 }));
  await writeRows(stores, { deletions });
  expect(await stores.history.deletedSeqs(id, 0, 20_000, 20_000)).toHaveLength(10_050);
  expect(await stores.history.deletedSeqs(id, 0, 20_000, 10_001)).toHaveLength(10_001);
});

test("members are found behind very many who have left", async () => {
  const [stores, id] = [open(), newConversationId(0)];
  const gone = Array.from({ length: 600 }, (_, n) =>
    membershipRow(id, userId(`gone ${String(n).padStart(3, "0")}`), { role: 0 }),
  );
  await writeRows(stores, { memberships: [...gone, membershipRow(id, userId("here"))] });
  expect((await stores.conversations.members(id, "", 5)).map((view) => view.userId)).toEqual(["here"]);
  const asked = [...gone.slice(0, 150).map((view) => view.userId), userId("here"), userId(uuidv7())];
  expect(await stores.conversations.memberships(id, asked)).toHaveLength(151);
});
