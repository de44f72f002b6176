import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openSqlite } from "#platform/engines/sqlite.ts";
import { readConfig } from "#platform/runtime/config.ts";
import { recoverInstallation } from "../recovering.ts";
import { type Stack, startStack } from "../testing/stack.ts";
import { makeGroup, type Person, projected, say, sayAll, signIn, signInAgain } from "./testing/chatting.ts";

const secondLife = 2n ** 33n;

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "parley-recovery-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

const settingsOf = (dataDir: string) => ({ PARLEY_DATA: dataDir, PARLEY_SHARDS: "1", PARLEY_LOG_LEVEL: "silent" });
const recover = (dataDir: string, confirmed = true) => recoverInstallation(readConfig(settingsOf(dataDir)), confirmed);

/** Runs a server in the folder, in which the person says these things. */
async function goOn(dataDir: string, { userId }: Person, id: string, texts: readonly string[]): Promise<void> {
  const stack = await startStack(settingsOf(dataDir));
  await sayAll(await signInAgain(stack, userId), id, texts);
  await projected(stack);
  await stack.stop();
}

function removeLog(dataDir: string): void {
  for (const file of ["log.db", "log.db-shm", "log.db-wal"]) rmSync(join(dataDir, file), { force: true });
}

/** Puts the log of a server that is stopped in the place of another's. */
function putLog(from: string, to: string): void {
  removeLog(to);
  for (const file of ["log.db", "log.db-shm", "log.db-wal"]) {
    if (existsSync(join(from, file))) cpSync(join(from, file), join(to, file));
  }
}

/** Takes the last records of a log away. */
async function cutLog(dataDir: string, keep: number): Promise<void> {
  const db = await openSqlite({ path: join(dataDir, "log.db") });
  await db.write([{ sql: "DELETE FROM record WHERE position > ?", params: [keep] }]);
  await db.close();
}

async function textsOf({ chat }: Person, conversationId: string): Promise<string[]> {
  const { messages } = await chat.listMessages({ conversationId, pageSize: 200 });
  return messages.map(({ content }) => content?.text ?? "").reverse();
}

const readiness = async ({ url }: Stack) => (await fetch(`${url}/readyz`)).status;

/** A folder in which somebody said "1" to "4" in a group, and what it was before they said "3". */
async function spoken() {
  const [dataDir, olderDir] = [newFolder(), newFolder()];
  const first = await startStack(settingsOf(dataDir));
  const ada = await signIn(first);
  const id = await makeGroup([ada]);
  await sayAll(ada, id, ["1", "2"]);
  await projected(first);
  await first.stop();
  cpSync(dataDir, olderDir, { recursive: true });
  await goOn(dataDir, ada, id, ["3", "4"]);
  return { dataDir, olderDir, ada, id };
}

const losses = {
  "ends earlier": async ({ dataDir }: Spoken) => cutLog(dataDir, 3),
  "is an older one": async ({ dataDir, olderDir }: Spoken) => putLog(olderDir, dataDir),
  "went on without the store": async ({ dataDir, olderDir, ada, id }: Spoken) => {
    await goOn(olderDir, ada, id, ["a", "b", "c", "d", "e", "f", "g"]);
    putLog(olderDir, dataDir);
  },
};
type Spoken = Awaited<ReturnType<typeof spoken>>;

test.each(Object.entries(losses))(
  "where the log %s, a recovery goes on from the store: nothing of it is lost, no number is used twice",
  async (_, lose) => {
    const data = await spoken();
    const { dataDir, ada, id } = data;
    await lose(data);
    const stopped = await startStack(settingsOf(dataDir));
    expect(await readiness(stopped)).toBe(503);
    await stopped.stop();

    expect(await recover(dataDir, false)).toMatch(/Shard 0: the log.*Nothing was changed/s);
    const still = await startStack(settingsOf(dataDir));
    expect(await readiness(still)).toBe(503);
    await still.stop();
    expect(await recover(dataDir)).toMatch(/Incarnation 2 begins/);

    const recovered = await startStack(settingsOf(dataDir));
    onTestFinished(() => recovered.stop());
    expect(await readiness(recovered)).toBe(200);
    const again = await signInAgain(recovered, ada.userId);
    expect(await textsOf(again, id)).toEqual(["1", "2", "3", "4"]);
    expect((await say(again, id, "5")).seq).toBe(secondLife);
    await projected(recovered);
    expect(await textsOf(again, id)).toEqual(["1", "2", "3", "4", "5"]);
    const { events } = await again.chat.listEvents({ conversationId: id, fromSeq: 5n });
    expect(events.map(({ seq, body }) => [seq, body.case])).toEqual([
      [5n, "messagePosted"],
      [secondLife - 1n, "void"],
      [secondLife, "messagePosted"],
    ]);
  },
);

test("a log that was lost whole is begun anew", async () => {
  const { dataDir, ada, id } = await spoken();
  removeLog(dataDir);
  await expect(startStack(settingsOf(dataDir))).rejects.toThrow("the log was lost");
  expect(await recover(dataDir)).toContain("The log is empty");
  await goOn(dataDir, ada, id, ["5"]);
  const last = await startStack(settingsOf(dataDir));
  onTestFinished(() => last.stop());
  expect(await readiness(last)).toBe(200);
  expect(await textsOf(await signInAgain(last, ada.userId), id)).toEqual(["1", "2", "3", "4", "5"]);
});

test("where the log holds all, a recovery only begins the next incarnation; each begins one more", async () => {
  const { dataDir, ada, id } = await spoken();
  expect(await recover(dataDir)).toContain("In every shard");
  await goOn(dataDir, ada, id, ["5"]);
  expect(await recover(dataDir)).toContain("Incarnation 3 begins");
  const last = await startStack(settingsOf(dataDir));
  onTestFinished(() => last.stop());
  const again = await signInAgain(last, ada.userId);
  expect((await say(again, id, "6")).seq).toBe(3n * 2n ** 32n);
  expect(await textsOf(again, id)).toEqual(["1", "2", "3", "4", "5", "6"]);
});

test("a recovery that broke off keeps servers from starting, and can be made again", async () => {
  const { dataDir, ada, id } = await spoken();
  await cutLog(dataDir, 3);
  await recover(dataDir);
  const db = await openSqlite({ path: join(dataDir, "store.db") });
  await db.script("UPDATE installation SET incarnation = 1");
  await db.close();
  await expect(startStack(settingsOf(dataDir))).rejects.toThrow("different times");
  expect(await recover(dataDir)).toContain("Incarnation 3 begins");
  await goOn(dataDir, ada, id, ["5"]);
});

test("it refuses beside a server that runs, and where there is nothing", async () => {
  const stack = await startStack(settingsOf(newFolder()));
  onTestFinished(() => stack.stop());
  await expect(recover(stack.dataDir)).rejects.toThrow("Another Parley process");
  await expect(recover(newFolder())).rejects.toThrow("nothing to recover");
});
