import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { pino } from "pino";
import { expect, test } from "vitest";
import { type Record as LogRecord, RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { openFollowing, type RunningFollowing } from "#platform/log/following-log.ts";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { Projection } from "../projector/projection.ts";
import { createSqliteConversations } from "../stores/conversation-store-sqlite.ts";
import { createSqliteHistory } from "../stores/history-store-sqlite.ts";
import { createSqliteProjection } from "../stores/projection-store-sqlite.ts";
import { openChatStore } from "../testing/chat-files.ts";
import { History, people, type Step, steps } from "../testing/histories.ts";
import { toMessage } from "../views/message-view.ts";
import { type ConversationReads, createConversationReads } from "./conversation-reads.ts";
import { createHistoryReads, type HistoryReads } from "./history-reads.ts";
import { followMemberships } from "./recent-memberships.ts";

interface Reads {
  readonly conversations: ConversationReads;
  readonly history: HistoryReads;
  readonly following: RunningFollowing;
}

/** Appends the entries, each in a record of its own. */
async function append(log: EventLog, entries: readonly FollowedEntry[]): Promise<void> {
  for (const { position, bytes, header } of entries) {
    const tail = await log.tail(0);
    const gap = Array.from({ length: position - tail - 1 }, () => ({ header: {} }));
    const record: LogRecord = create(RecordSchema, {
      position: BigInt(tail + 1),
      incarnation: 1n,
      entries: [...gap, { event: bytes, header }],
    });
    await log.append(0, tail, record);
  }
}

/** Reads over a store that has applied so many of the entries. */
async function openReads(log: EventLog, db: SqliteDatabase, watermark: number): Promise<Reads> {
  const following = await openFollowing({
    log,
    shards: 1,
    logger: pino({ level: "silent" }),
    watermark: async () => watermark,
  });
  const conversations = createConversationReads(createSqliteConversations(db), following, followMemberships(following));
  return { conversations, history: createHistoryReads(createSqliteHistory(db), following), following };
}

async function project(db: SqliteDatabase, entries: readonly FollowedEntry[]): Promise<void> {
  const [conversations, history] = [createSqliteConversations(db), createSqliteHistory(db)];
  const projection = new Projection({ conversations, history });
  for (const entry of entries) await projection.apply(entry);
  const checkpoint = { position: entries.at(-1)?.position ?? 0, incarnation: 1, entryHash: new Uint8Array(32) };
  await createSqliteProjection(db).apply(0, projection.rows(), checkpoint);
}

/** Everything that reads tell of a conversation, page by page. */
async function tell({ conversations, history }: Reads, id: ConversationId, head: number, messages: number) {
  const memberPages: string[] = [];
  for (let page = await conversations.members(id, "", 1); page.length > 0; ) {
    memberPages.push(...page.map(({ userId }) => userId));
    page = await conversations.members(id, memberPages.at(-1) ?? "", 1);
  }
  const views = async (order: "rising" | "falling") =>
    (await history.messages(id, 1, messages, order, 1_000)).map((view) => toMessage(view));
  const half = Math.ceil(head / 2);
  return {
    conversation: await conversations.conversation(id),
    memberships: await Promise.all(people.map((user) => conversations.membership(id, user))),
    members: (await conversations.members(id, "", 100)).map(({ userId }) => userId),
    memberPages,
    conversationsOf: await Promise.all(people.map((user) => conversations.conversationsOf(user))),
    events: (await history.events(id, 1, head, 1_000)).map(({ seq, event }) => [
      seq,
      Buffer.from(event).toString("hex"),
    ]),
    eventPage: (await history.events(id, half, head, 3)).map(({ seq }) => seq),
    rising: await views("rising"),
    falling: (await views("falling")).reverse(),
    firstTwo: (await history.messages(id, 1, messages, "rising", 2)).map(({ seq }) => seq),
    lastTwo: (await history.messages(id, 1, messages, "falling", 2)).map(({ seq }) => seq),
    counts: await Promise.all(Array.from({ length: head + 1 }, (_, seq) => history.countAt(id, seq))),
    messageAt: (await Promise.all(Array.from({ length: head }, (_, index) => history.messageAt(id, index + 1)))).map(
      (view) => view?.messageCount,
    ),
    deletions: [await history.deletions(id, 0, head, 1_000), await history.deletions(id, half, head, 1)],
  };
}

test("reads tell the same wherever the store's watermark stands", async () => {
  await fc.assert(
    fc.asyncProperty(steps(50), async (script) => {
      const [log, db, id] = [await openTestLog(), await openChatStore(), newConversationId(0)];
      const { entries, messages } = new History(id, script);
      await append(log, entries);
      const expected: unknown[] = [];
      const cuts = [0, 1, 0.3, 0.6, 0.9].map((share) =>
        share < 1 && share > 0 ? Math.floor(share * entries.length) : share,
      );
      let applied = 0;
      for (const cut of [...new Set([...cuts, entries.length])].sort((a, b) => a - b)) {
        if (cut > applied) await project(db, entries.slice(applied, cut));
        applied = cut;
        const reads = await openReads(log, db, entries[cut - 1]?.position ?? 0);
        expected.push(await tell(reads, id, entries.length, messages.length));
        reads.following.close();
      }
      const [first, ...rest] = expected;
      for (const other of rest) expect(other).toEqual(first);
    }),
    { numRuns: 8 },
  );
});

test("what reads tell is what happened", async () => {
  await fc.assert(
    fc.asyncProperty(steps(50), async (script) => {
      const [log, db, id] = [await openTestLog(), await openChatStore(), newConversationId(0)];
      const { entries, messages, present } = new History(id, script);
      await append(log, entries);
      const reads = await openReads(log, db, 0);
      const told = await tell(reads, id, entries.length, messages.length);
      reads.following.close();
      expect(told.members).toEqual([...present].sort());
      expect(told.memberPages).toEqual(told.members);
      expect(told.events.map(([seq]) => seq)).toEqual(entries.map(({ seq }) => seq));
      expect(told.rising.map(({ seq, deleted }) => [Number(seq), deleted])).toEqual(
        messages.map(({ seq, deleted }) => [seq, deleted]),
      );
      for (const { seq, content, deleted } of told.rising) {
        const edits = entries.filter(
          ({ event: { body } }) => body.case === "messageEdited" && body.value.targetSeq === seq,
        );
        const last = edits.at(-1)?.event.body ?? entries[Number(seq) - 1]?.event.body;
        const wanted = last?.value && "content" in last.value ? last.value.content?.text : undefined;
        expect(content?.text).toBe(deleted ? undefined : wanted);
      }
      expect(told.falling).toEqual(told.rising);
      expect(told.deletions[0]).toBe(messages.filter(({ deleted }) => deleted).length);
    }),
    { numRuns: 8 },
  );
});

test("a page of members does not end early where somebody left since the store was written", async () => {
  const [log, db, id] = [await openTestLog(), await openChatStore(), newConversationId(0)];
  const step = (kind: Step["kind"], who: number): Step => ({ kind, who, which: 0, gap: 0 });
  const { entries } = new History(id, [step("come", 1), step("come", 2), step("come", 3), step("go", 1)]);
  await append(log, entries);
  await project(db, entries.slice(0, 4));
  const { conversations, following } = await openReads(log, db, entries[3]?.position ?? 0);
  expect((await conversations.members(id, "", 2)).map(({ userId }) => userId)).toEqual(["ada", "cyd"]);
  expect((await conversations.members(id, "ada", 2)).map(({ userId }) => userId)).toEqual(["cyd", "dan"]);
  following.close();
});
