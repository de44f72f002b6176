import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { pino } from "pino";
import { expect, test } from "vitest";
import { RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { CqlSession } from "#platform/engines/cql.ts";
import { createCqlCheckpoints } from "#platform/log/checkpoints/checkpoint-store-cql.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import { openFollowing } from "#platform/log/following-log.ts";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { useCqlStore } from "#platform/testing/store.ts";
import { until } from "#platform/testing/until.ts";
import type { ConversationStore } from "../stores/conversation-store.ts";
import { createCqlConversations } from "../stores/conversation-store-cql.ts";
import { createSqliteConversations } from "../stores/conversation-store-sqlite.ts";
import type { HistoryStore } from "../stores/history-store.ts";
import { createCqlHistory } from "../stores/history-store-cql.ts";
import { createSqliteHistory } from "../stores/history-store-sqlite.ts";
import { createCqlProjection } from "../stores/projection-store-cql.ts";
import { createSqliteProjection } from "../stores/projection-store-sqlite.ts";
import { openChatStore } from "../testing/chat-files.ts";
import { createHandLeases } from "../testing/hand-leases.ts";
import { History, people, type Step } from "../testing/histories.ts";
import { followCheckpoints } from "./follow-checkpoints.ts";
import { Projection } from "./projection.ts";
import { startProjector } from "./projector.ts";

const checkpoints = "../../../platform/log/checkpoints/migrations/cql";
const session = useCqlStore(
  join(import.meta.dirname, "../stores/migrations/cql"),
  join(import.meta.dirname, checkpoints),
);
const logger = pino({ level: "silent" });

/** When a process goes on that fell asleep between what it has read and what it is about to write. */
interface Sleep {
  until: Promise<void>;
}

/** A session whose reads and writes come late, each by another time, and some of whose writes fail. */
function disturbed(own: CqlSession, random: () => number, sleep: Sleep): CqlSession {
  const late = () => wait(random() < 0.02 ? 200 : random() * 5);
  const disturb = async () => {
    await late();
    await sleep.until;
    if (random() < 0.02) throw new Error("the store is away");
  };
  return {
    ...own,
    async query(cql, ...params) {
      await late();
      const rows = await own.query(cql, ...params);
      await late();
      return rows;
    },
    async get(cql, ...params) {
      await late();
      const row = await own.get(cql, ...params);
      await late();
      return row;
    },
    async write(cql, ...params) {
      await disturb();
      await own.write(cql, ...params);
    },
    async batch(statements) {
      await disturb();
      await own.batch(statements);
    },
  };
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

const kinds: readonly Step["kind"][] = ["post", "post", "post", "edit", "delete", "come", "go", "role", "rename"];

function scriptOf(length: number, random: () => number): Step[] {
  const kind = () => kinds[Math.floor(random() * kinds.length)] ?? "post";
  return Array.from({ length }, () => ({ kind: kind(), who: Math.floor(random() * 4), which: random(), gap: 0 }));
}

/** A projector that holds the shard all the time, and hears how far the other one has come. */
async function startOne(log: EventLog, seed: number) {
  const sleep: Sleep = { until: Promise.resolve() };
  const own = disturbed(session(), randomFrom(seed), sleep);
  const following = await openFollowing({ log, shards: 1, logger, watermark: async () => 0 });
  const store = { conversations: createCqlConversations(own), history: createCqlHistory(own) };
  const kept = createCqlCheckpoints(own);
  const projection = createCqlProjection(own, kept);
  const projector = startProjector({
    ...{ ...store, following, log, checkpoints: kept, projection, logger },
    leases: createHandLeases(),
  });
  const unfollow = followCheckpoints({ checkpoints: kept, following, logger, isProjectedHere: () => false });
  const stop = async () => {
    unfollow();
    await projector.stop();
  };
  return { following, stop, sleep };
}

interface Stores {
  readonly conversations: ConversationStore;
  readonly history: HistoryStore;
}

async function told({ conversations, history }: Stores, id: ConversationId) {
  const memberships = await conversations.memberships(id, people);
  const listed = await Promise.all(
    people.map(async (user) => (await conversations.conversationsOf(user)).includes(id)),
  );
  return {
    listed,
    conversation: await conversations.conversation(id),
    memberships: memberships.sort((a, b) => (a.userId < b.userId ? -1 : 1)),
    events: await history.events(id, 1, 999, 999),
    messages: await history.messages(id, 1, 999, "rising", 999),
    deletions: await history.deletedSeqs(id, 0, 999, 999),
  };
}

test("two projectors of the same log, one of which sleeps and writes on late, leave what one leaves", async () => {
  const random = randomFrom(7);
  const log = await openTestLog();
  const histories = Array.from({ length: 12 }, () => new History(newConversationId(0), scriptOf(80, random)));
  const first = await startOne(log, 1);
  const second = await startOne(log, 2);
  const total = histories.reduce((sum, { entries }) => sum + entries.length, 0);
  const sleeping = Promise.withResolvers<void>();
  const queues = histories.map(({ entries }) => [...entries]);
  let tail = 0;
  for (let left = queues; left.length > 0; left = queues.filter((queue) => queue.length > 0)) {
    const entry = left[Math.floor(random() * left.length)]?.shift();
    if (!entry) continue;
    const { bytes: event, header } = entry;
    const record = { position: BigInt(tail + 1), incarnation: 1n, entries: [{ event, header }] };
    await log.append(0, tail, create(RecordSchema, record));
    if (++tail === Math.floor(total / 2)) first.sleep.until = sleeping.promise;
    if (random() < 0.1) await wait(random() * 50);
  }
  await until(() => (second.following.watermark(0) === total ? "" : "the store is behind"), 60_000);
  // What the first one has under way comes now; the rest of the log it never hears of.
  first.following.stop(0, "it ends");
  sleeping.resolve();
  await first.stop();
  await second.stop();

  const db = await openChatStore();
  const once = { conversations: createSqliteConversations(db), history: createSqliteHistory(db) };
  const projection = new Projection(once);
  for (const entry of second.following.above(0, 0, total) ?? []) await projection.apply(entry);
  const checkpoint = { position: total, incarnation: 1, entryHash: new Uint8Array(32) };
  await createSqliteProjection(db).apply(0, projection.rows(), checkpoint);
  const both = { conversations: createCqlConversations(session()), history: createCqlHistory(session()) };
  for (const { id } of histories) expect(await told(both, id)).toEqual(await told(once, id));
  first.following.close();
  second.following.close();
}, 120_000);
