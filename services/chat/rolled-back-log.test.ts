import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startStack } from "../testing/stack.ts";
import { chatErrors } from "./errors.ts";
import {
  chatRefusal,
  makeGroup,
  type Person,
  projected,
  refusalOf,
  sayAll,
  signIn,
  signInAgain,
} from "./testing/chatting.ts";

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "parley-rolled-back-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Puts the log of a server that is stopped in the place of another's. */
function putLog(from: string, to: string): void {
  for (const file of ["log.db", "log.db-shm", "log.db-wal"]) {
    rmSync(join(to, file), { force: true });
    if (existsSync(join(from, file))) cpSync(join(from, file), join(to, file));
  }
}

const settingsOf = (dataDir: string) => ({ PARLEY_DATA: dataDir, PARLEY_SHARDS: "1" });

/** Runs a server in the folder, in which the person says these things. */
async function goOn(dataDir: string, { userId }: Person, id: string, texts: readonly string[]): Promise<void> {
  const stack = await startStack(settingsOf(dataDir));
  await sayAll(await signInAgain(stack, userId), id, texts);
  await projected(stack);
  await stack.stop();
}

test.each([
  { log: "is an older one", since: [] },
  { log: "is an older one that went on without the store", since: ["a", "b", "c", "d", "e", "f"] },
])("where the log $log, the server is not ready and gives out no number twice", async ({ since }) => {
  const [dataDir, olderDir] = [newFolder(), newFolder()];
  const first = await startStack(settingsOf(dataDir));
  const ada = await signIn(first);
  const id = await makeGroup([ada]);
  await first.stop();
  cpSync(dataDir, olderDir, { recursive: true });
  await goOn(dataDir, ada, id, ["1", "2"]);
  if (since.length > 0) await goOn(olderDir, ada, id, since);
  putLog(olderDir, dataDir);

  const last = await startStack(settingsOf(dataDir));
  onTestFinished(() => last.stop());
  expect((await fetch(`${last.url}/readyz`)).status).toBe(503);
  const { chat } = await signInAgain(last, ada.userId);
  const sending = chat.sendMessage({ clientId: crypto.randomUUID(), conversationId: id, content: { text: "again" } });
  expect(await refusalOf(sending)).toBe(chatRefusal(chatErrors.SHARD_STOPPED));
});
