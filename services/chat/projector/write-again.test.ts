import { beforeEach, expect, test } from "vitest";
import type { Checkpoint } from "#platform/log/checkpoints/checkpoint-store.ts";
import { createSqliteCheckpoints } from "#platform/log/checkpoints/checkpoint-store-sqlite.ts";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { createSqliteHistory } from "../stores/history-store-sqlite.ts";
import { type ProjectedRows, type ProjectionStore, projectorName } from "../stores/projection-store.ts";
import { ada, bob, createGroup, post } from "../testing/commands.ts";
import { type Files, openFiles, type Sequencing, startSequencing } from "../testing/sequencing.ts";

let files: Files;
let id: ConversationId;

beforeEach(async () => {
  files = await openFiles();
  id = newConversationId(0);
});

const caughtUp = ({ following }: Sequencing) =>
  until(() => (following.above(0, following.watermark(0), 1)?.length === 0 ? "" : "the store is behind"));

/** A store that acknowledges before it is durable, with machines that can come back. */
function createForgetful(settled?: Checkpoint) {
  const applied: ProjectedRows[] = [];
  let comeBack = () => {};
  const before = (store: ProjectionStore): ProjectionStore => ({
    async apply(shard, rows, checkpoint) {
      applied.push(rows);
      await store.apply(shard, rows, checkpoint);
    },
    settling: {
      settled: async () => settled,
      onReturn(listener) {
        comeBack = listener;
        return () => {};
      },
    },
  });
  return { before, applied, comeBack: () => comeBack() };
}

const tables = ["conversation", "membership", "membership_by_user", "event", "message", "sent_id"];

const forget = (more: readonly string[] = []) =>
  files.db.write([...tables, ...more].map((table) => ({ sql: `DELETE FROM ${table}` })));

const storedSeqs = async () => (await createSqliteHistory(files.db).events(id, 1, 99, 99)).map(({ seq }) => seq);

const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function talk(running: Sequencing): Promise<void> {
  await running.submit(createGroup(id, [ada, bob]));
  for (let count = 1; count <= 20; count++) await running.submit(post(id, ada, `message ${count}`));
  await caughtUp(running);
}

test.each([[[]], [["checkpoint"]]])(
  "what the store lost is written again when its machines come back (%s)",
  async (more) => {
    const forgetful = createForgetful();
    const running = await startSequencing(files, forgetful);
    await talk(running);
    const before = files.db.query("SELECT * FROM message ORDER BY message_count");
    await forget(more);
    forgetful.comeBack();
    await until(async () => ((await storedSeqs()).length === 21 ? "" : "rows are missing"));
    expect(await storedSeqs()).toEqual(span(1, 21));
    expect(files.db.query("SELECT * FROM message ORDER BY message_count")).toEqual(before);
    await running.submit(post(id, bob, "on we go"));
    await caughtUp(running);
    expect(await storedSeqs()).toEqual(span(1, 22));
  },
);

test("it is written again though people never stop writing", async () => {
  const forgetful = createForgetful();
  let [running, isBusy]: [Sequencing | undefined, boolean] = [undefined, false];
  const before = (store: ProjectionStore): ProjectionStore => ({
    ...forgetful.before(store),
    async apply(...written) {
      await store.apply(...written);
      if (isBusy) await running?.submit(post(id, ada, "and another one"));
    },
  });
  running = await startSequencing(files, { before });
  await talk(running);
  await forget();
  isBusy = true;
  await running.submit(post(id, ada, "the first of very many"));
  await until(async () => ((await storedSeqs()).length > 2 ? "" : "nothing is written"));
  forgetful.comeBack();
  await until(async () => ((await storedSeqs()).includes(21) ? "" : "rows are missing"), 5_000);
  isBusy = false;
  await caughtUp(running);
  expect((await storedSeqs()).slice(0, 21)).toEqual(span(1, 21));
});

test("who takes a shard writes again what is not settled, and no more", async () => {
  const first = await startSequencing(files);
  await talk(first);
  await first.stop();
  const checkpoint = await createSqliteCheckpoints(files.db).read(projectorName, 0);
  const [fifth] = files.db.query("SELECT position FROM event WHERE seq = 5");
  if (!checkpoint || !fifth) throw new Error("nothing was projected");
  await forget();
  const forgetful = createForgetful({ ...checkpoint, position: Number(fifth.position) });
  await startSequencing(files, forgetful);
  await until(async () => ((await storedSeqs()).length === 16 ? "" : "rows are missing"));
  expect(await storedSeqs()).toEqual(span(6, 21));
  expect(forgetful.applied.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual(span(6, 21));
});

test("of a settled checkpoint of another life of the log nothing is believed", async () => {
  const first = await startSequencing(files);
  await talk(first);
  await first.stop();
  await forget();
  await startSequencing(files, createForgetful({ incarnation: 0, position: 1_000, entryHash: new Uint8Array(32) }));
  await until(async () => ((await storedSeqs()).length === 21 ? "" : "rows are missing"));
});
