import { pino } from "pino";
import { beforeEach, expect, test } from "vitest";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { createSqliteCheckpoints } from "#platform/log/checkpoints/checkpoint-store-sqlite.ts";
import type { FollowedEntry } from "#platform/log/following.ts";
import { openFollowing } from "#platform/log/following-log.ts";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { decideUpdate } from "../commands/decisions.ts";
import { createSqliteConversations } from "../stores/conversation-store-sqlite.ts";
import { createSqliteHistory } from "../stores/history-store-sqlite.ts";
import { type ProjectionStore, projectorName } from "../stores/projection-store.ts";
import { createSqliteProjection } from "../stores/projection-store-sqlite.ts";
import { ada, bob, command, createGroup, nextClientId, post } from "../testing/commands.ts";
import { expectWhole } from "../testing/logged-events.ts";
import { type Files, openFiles, type Sequencing, startSequencing } from "../testing/sequencing.ts";
import { entryHash } from "./entry-hash.ts";
import { Projection } from "./projection.ts";
import { verifyCheckpoints } from "./verify-checkpoints.ts";

let files: Files;
let id: ConversationId;

beforeEach(async () => {
  files = await openFiles();
  id = newConversationId(0);
});

const storedHead = async () => (await createSqliteConversations(files.db).conversation(id))?.headSeq;
const checkpoint = () => createSqliteCheckpoints(files.db).read(projectorName, 0);
const caughtUp = ({ following }: Sequencing) =>
  until(() => (following.above(0, following.watermark(0), 1)?.length === 0 ? "" : "the store is behind"));

/** Fails as often as told, then writes. */
function failing(times: number): (store: ProjectionStore) => ProjectionStore {
  let left = times;
  return (store) => ({
    async apply(shard, rows, at) {
      if (left-- > 0) throw new Error("the store is away");
      await store.apply(shard, rows, at);
    },
  });
}

test("the store follows, and its checkpoint names the last entry that it has applied", async () => {
  const running = await startSequencing(files);
  await running.submit(createGroup(id, [ada, bob]));
  for (let count = 1; count <= 30; count++) await running.submit(post(id, ada, `message ${count}`));
  await caughtUp(running);
  expect(await storedHead()).toBe(31);
  expect(await checkpoint()).toMatchObject({ incarnation: 1, position: running.following.tail(0) });
});

test("what another projector wrote meanwhile is not undone by what was written here before", async () => {
  let isAway = false;
  const before = (store: ProjectionStore): ProjectionStore => ({
    async apply(...given) {
      if (isAway) throw new Error("the store is away");
      await store.apply(...given);
    },
  });
  const running = await startSequencing(files, { before });
  await running.submit(createGroup(id, [ada, bob]));
  await caughtUp(running);
  isAway = true;
  await running.submit(command(id, ada, "rename", decideUpdate(ada, { name: "renamed" })));
  await until(() => (running.projector?.failing() ? "" : "nothing was tried"));
  const [renaming] = running.following.above(0, running.following.watermark(0), 1) ?? [];
  if (!renaming) throw new Error("the entry is gone");
  await projectElsewhere(files.db, renaming);
  running.following.projected(0, renaming.position);
  isAway = false;
  await running.submit(post(id, ada, "hello"));
  await caughtUp(running);
  expect(await createSqliteConversations(files.db).conversation(id)).toMatchObject({ headSeq: 3, name: "renamed" });
});

/** As another process would. */
async function projectElsewhere(db: SqliteDatabase, entry: FollowedEntry): Promise<void> {
  const projection = new Projection({ conversations: createSqliteConversations(db), history: createSqliteHistory(db) });
  await projection.prepare([entry]);
  await projection.apply(entry);
  const { position, incarnation } = entry;
  await createSqliteProjection(db).apply(0, projection.rows(), { position, incarnation, entryHash: entryHash(entry) });
}

test("stopping writes what was followed", async () => {
  const running = await startSequencing(files);
  await running.submit(createGroup(id, [ada]));
  await Promise.all(running.sequencer.submit(Array.from({ length: 2000 }, (_, index) => post(id, ada, `${index}`))));
  await running.stop();
  await running.stop();
  expect(await storedHead()).toBe(2001);
});

test("while the store fails people go on, and it catches up once it is back", async () => {
  const running = await startSequencing(files, { before: failing(2) });
  await running.submit(createGroup(id, [ada, bob]));
  await until(() => (running.projector?.failing() ? "" : "it does not say that it fails"));
  const clientId = nextClientId();
  await running.submit(post(id, ada, "hello", { clientId }));
  expect((await running.reads.conversation(id))?.headSeq).toBe(2);
  expect(await running.submit(post(id, ada, "hello", { clientId }))).toMatchObject({ seq: 2, duplicate: true });
  await caughtUp(running);
  await until(() => running.projector?.failing() ?? "");
  expect(await storedHead()).toBe(2);
});

test("a process that ends while its store fails loses nothing", async () => {
  const first = await startSequencing(files, { before: failing(Number.POSITIVE_INFINITY) });
  await first.submit(createGroup(id, [ada, bob]));
  const clientId = nextClientId();
  await first.submit(post(id, ada, "hello", { clientId }));
  await first.stop();
  expect([await storedHead(), await checkpoint()]).toEqual([undefined, undefined]);
  const second = await startSequencing(files);
  expect(await second.submit(post(id, ada, "hello", { clientId }))).toMatchObject({ seq: 2, duplicate: true });
  expect((await second.submit(post(id, bob, "hi"))).seq).toBe(3);
  await caughtUp(second);
  expect([await storedHead(), (await expectWhole(files, id)).length]).toEqual([3, 3]);
});

test("a checkpoint stands where the log holds its entry, and stops the shard where it holds another", async () => {
  const running = await startSequencing(files);
  await running.submit(createGroup(id, [ada]));
  await running.submit(post(id, ada, "hello"));
  await caughtUp(running);
  const checkpoints = createSqliteCheckpoints(files.db);
  await verifyCheckpoints(checkpoints, running.following, files.log);
  expect(running.following.stopped(0)).toBeUndefined();
  await files.db.script("UPDATE checkpoint SET entry_hash = zeroblob(32)");
  await verifyCheckpoints(checkpoints, running.following, files.log);
  expect(running.following.stopped(0)).toMatch(/does not hold/);
});

test("a checkpoint stands though the ring holds nothing but what the store does not have yet", async () => {
  const running = await startSequencing(files);
  await running.submit(createGroup(id, [ada]));
  await running.stop();
  const late = await startSequencing(files, { projecting: false });
  await late.submit(post(id, ada, "later"));
  const watermark = Number((await checkpoint())?.position);
  const logger = pino({ level: "silent" });
  const options = { log: files.log, shards: 1, logger, watermark: async () => watermark, maxBytes: 1 };
  const following = await openFollowing(options);
  expect(following.ringStart(0)).toBe(watermark + 1);
  await verifyCheckpoints(createSqliteCheckpoints(files.db), following, files.log);
  expect(following.stopped(0)).toBeUndefined();
  following.close();
});

test("what is followed after the shard was stopped is not projected", async () => {
  const running = await startSequencing(files);
  await running.submit(createGroup(id, [ada]));
  await caughtUp(running);
  running.following.stop(0, "damaged");
  const other = await startSequencing(files, { owner: "that process", projecting: false });
  await other.submit(post(id, ada, "later"));
  expect([running.following.tail(0), await storedHead()]).toEqual([2, 1]);
});
