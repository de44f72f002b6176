import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openSqlite } from "#platform/engines/sqlite.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { databaseOf } from "../testing/database.ts";
import { startStack } from "../testing/stack.ts";
import { makeGroup, projected, say, sayAll, signInAgain, signInThree } from "./testing/chatting.ts";

const start = 2n * 2n ** 32n;

/** A server that was stopped, whose next start is in the next life of its log. */
async function beginNextLife(dataDir: string): Promise<void> {
  for (const file of ["store.db", "log.db"]) {
    const db = await openSqlite({ path: join(dataDir, file) });
    await db.script("UPDATE installation SET incarnation = 2");
    await db.close();
  }
}

test("in the next life of the log, marks that lie among lost numbers count as the void, and reads pass over it", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "parley-life-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const first = await startStack({ PARLEY_DATA: dataDir });
  const [ada, bob] = await signInThree(first);
  const id = await makeGroup([ada, bob]);
  await sayAll(ada, id, ["2", "3", "4", "5", "6", "7"]);
  await bob.chat.setMarks({ clientId: uuidv7(), conversationId: id, readSeq: 3n });
  await projected(first);
  // A mark on a message that was lost with the log: the store is written apart from it.
  await databaseOf(first.boot).write([
    {
      sql: "UPDATE mark SET read_seq = 20, read_count = 19, delivered_seq = 20 WHERE conversation_id = ?",
      params: [id],
    },
  ]);
  await first.stop();
  await beginNextLife(dataDir);

  const next = await startStack({ PARLEY_DATA: dataDir });
  onTestFinished(() => next.stop());
  const [again, reader] = await Promise.all([signInAgain(next, ada.userId), signInAgain(next, bob.userId)]);
  const unread = async () => (await reader.chat.getUnread({ conversationIds: [id] })).unread[0]?.count;
  expect(await unread()).toBe(0);
  expect((await say(again, id, "8")).seq).toBe(start);
  expect(await unread()).toBe(1);
  await sayAll(again, id, ["9", "10"]);
  await projected(next);
  expect(await unread()).toBe(3);

  const { marks, unread: left } = await reader.chat.setMarks({
    clientId: uuidv7(),
    conversationId: id,
    readSeq: 1_000n,
  });
  expect([marks?.readSeq, left?.count]).toEqual([start - 1n, 3]);
  const marked = await reader.chat.setMarks({ clientId: uuidv7(), conversationId: id, readSeq: start + 1n });
  expect([marked.marks?.readSeq, marked.unread?.count]).toEqual([start + 1n, 1]);

  const expected = [1n, 2n, 3n, 4n, 5n, 6n, 7n, start - 1n, start, start + 1n, start + 2n];
  for (const pageSize of [2, 3, 100]) {
    const seqs: bigint[] = [];
    for (let fromSeq = 0n; ; ) {
      const { events, nextSeq } = await reader.chat.listEvents({ conversationId: id, fromSeq, pageSize });
      seqs.push(...events.map(({ seq }) => seq));
      if (nextSeq === 0n) break;
      fromSeq = nextSeq;
    }
    expect(seqs).toEqual(expected);
  }
  const within = await reader.chat.listEvents({ conversationId: id, fromSeq: 1_000n, toSeq: start - 2n });
  expect(within.events).toEqual([]);
  const older = await reader.chat.listMessages({ conversationId: id, anchor: { case: "beforeSeq", value: 5_000n } });
  expect(older.messages.map(({ seq }) => seq)).toEqual([7n, 6n, 5n, 4n, 3n, 2n]);
  const newer = await reader.chat.listMessages({ conversationId: id, anchor: { case: "afterSeq", value: 6n } });
  expect(newer.messages.map(({ seq }) => seq)).toEqual([7n, start, start + 1n, start + 2n]);
  const target = { clientId: uuidv7(), conversationId: id, content: { text: "edited" } };
  await again.chat.editMessage({ ...target, targetSeq: 7n });
  expect(
    (await again.chat.listMessages({ conversationId: id })).messages.find(({ seq }) => seq === 7n)?.content?.text,
  ).toBe("edited");
});
