import { create } from "@bufbuild/protobuf";
import { pino } from "pino";
import { expect, test } from "vitest";
import { RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import type { EventLog } from "#platform/log/event-log.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { openFollowing } from "#platform/log/following-log.ts";
import { newConversationId, userId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { readAccess } from "../access.ts";
import { Projection } from "../projector/projection.ts";
import { pageOfEvents } from "../routes/history.ts";
import { createSqliteConversations } from "../stores/conversation-store-sqlite.ts";
import { createSqliteHistory } from "../stores/history-store-sqlite.ts";
import type { ProjectedRows } from "../stores/projection-store.ts";
import { createSqliteProjection } from "../stores/projection-store-sqlite.ts";
import { openChatStore } from "../testing/chat-files.ts";
import { History, type Step } from "../testing/histories.ts";
import { createConversationReads } from "./conversation-reads.ts";
import { createHistoryReads } from "./history-reads.ts";
import { followMemberships } from "./recent-memberships.ts";

const bob = userId("bob");
const step = (kind: Step["kind"], who: number): Step => ({ kind, who, which: 0, gap: 0 });

/** A log whose live records and hints one process does not get for as long as it is deaf. */
function deafening(log: EventLog) {
  const state = { isDeaf: false };
  const deaf: EventLog = {
    ...log,
    follow: (shard, from, follower, signal) =>
      log.follow(
        shard,
        from,
        {
          onRecord: (record) => state.isDeaf || follower.onRecord(record),
          onTail: (tail) => state.isDeaf || follower.onTail(tail),
        },
        signal,
      ),
  };
  return { log: deaf, state };
}

/** A process that has followed a conversation up to Bob's coming, while another one writes on in the store. */
async function openBehind() {
  const [log, db, id] = [await openTestLog(), await openChatStore(), newConversationId(0)];
  const { entries } = new History(id, [step("come", 1), step("post", 0), step("go", 1), step("post", 0)]);
  const append = async (some: readonly FollowedEntry[]) => {
    for (const { position, bytes, header } of some) {
      const place = { position: BigInt(position), incarnation: 1n };
      await log.append(0, position - 1, create(RecordSchema, { ...place, entries: [{ event: bytes, header }] }));
    }
  };
  const stores = { conversations: createSqliteConversations(db), history: createSqliteHistory(db) };
  const project = async (some: readonly FollowedEntry[], without: Partial<ProjectedRows> = {}) => {
    const projection = new Projection(stores);
    for (const entry of some) await projection.apply(entry);
    const checkpoint = { position: some.at(-1)?.position ?? 0, incarnation: 1, entryHash: new Uint8Array(32) };
    await createSqliteProjection(db).apply(0, { ...projection.rows(), ...without }, checkpoint);
  };
  await append(entries.slice(0, 2));
  await project(entries.slice(0, 2));
  const { log: own, state } = deafening(log);
  const logger = pino({ level: "silent" });
  const following = await openFollowing({ log: own, shards: 1, logger, watermark: async () => 2 });
  const conversations = createConversationReads(stores.conversations, following, followMemberships(following));
  state.isDeaf = true;
  await append(entries.slice(2));
  return {
    ...{ id, following, project },
    rest: entries.slice(2),
    hear() {
      state.isDeaf = false;
    },
    async seenByBob() {
      const access = await readAccess({ conversations }, id, bob);
      const history = createHistoryReads(stores.history, following);
      const to = access.visibleHead;
      return (await pageOfEvents({ history }, id, [{ from: 2, to }], 100)).events.map(({ seq }) => Number(seq));
    },
  };
}

test.each([
  ["memberships", { memberships: [] }],
  ["events", { events: [] }],
])("a read waits for what the store holds in part: %s are not written yet", async (_, without) => {
  const { following, project, rest, hear, seenByBob } = await openBehind();
  await project(rest, without);
  const seen = seenByBob();
  hear();
  expect(await seen).toEqual([2, 3, 4]);
  following.close();
});

test("it is refused where that is not followed in time", async () => {
  const { following, project, rest, seenByBob } = await openBehind();
  await project(rest, { memberships: [] });
  await expect(seenByBob()).rejects.toThrow("not followed that far yet");
  following.close();
});

test("of a shard that is stopped all is told that the store holds", async () => {
  const { following, project, rest, seenByBob } = await openBehind();
  await project(rest);
  following.stop(0, "damaged");
  expect(await seenByBob()).toEqual([2, 3, 4]);
  following.close();
});
