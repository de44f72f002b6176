import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { shardNames } from "#platform/log/jetstream/shard-names.ts";
import { readConfig } from "#platform/runtime/config.ts";
import { engineAddress, freshName } from "#platform/testing/engines.ts";
import { openTestNats } from "#platform/testing/nats.ts";
import { until } from "#platform/testing/until.ts";
import { makeGroup, say, sayAll, signIn, signInAgain } from "./chat/testing/chatting.ts";
import { recoverInstallation } from "./recovering.ts";
import { type Stack, startStack } from "./testing/stack.ts";

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "parley-recovering-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** Why it is not ready; "": it is. */
async function unreadinessOf({ url }: Stack): Promise<string> {
  const answer = await fetch(`${url}/readyz`);
  return answer.ok ? "" : await answer.text();
}

test("an installation whose log on NATS lost a shard goes on from its store, once every process is stopped", async () => {
  const name = freshName();
  const engine = await openTestNats(1, name);
  const { streams } = engine.jetstreamManager;
  onTestFinished(async () => {
    for (const bucket of await streams.list().next()) {
      if (bucket.config.name.startsWith(`KV_${name}_`)) await streams.delete(bucket.config.name);
    }
  });
  const nats = await engineAddress("nats");
  const settings = {
    PARLEY_DATA: newFolder(),
    PARLEY_LOG: `${nats.url}/${name}?max_bytes=64MiB`,
    PARLEY_NATS_MONITOR: nats.monitors.join(","),
    PARLEY_SHARDS: "1",
    PARLEY_LOG_LEVEL: "silent",
  };
  const start = async () => {
    const stack = await startStack(settings);
    onTestFinished(stack.stop);
    return stack;
  };
  const first = await start();
  const ada = await signIn(first);
  const id = await makeGroup([ada]);
  await sayAll(ada, id, ["1", "2"]);
  await first.projected();
  const elsewhere = { ...settings, PARLEY_DATA: newFolder() };
  await expect(recoverInstallation(readConfig(elsewhere), false)).rejects.toThrow(
    "1 processes of this installation run",
  );
  await first.stop();

  await streams.delete(shardNames(name, 0).stream);
  const stopped = await start();
  expect(await unreadinessOf(stopped)).toContain("the log ends at 0, but the store has applied");
  await stopped.stop();
  expect(await recoverInstallation(readConfig(settings), true)).toMatch(/Shard 0: the log ends at position 0/);
  const recovered = await start();
  await until(async () => await unreadinessOf(recovered));
  const again = await signInAgain(recovered, ada.userId);
  expect((await say(again, id, "3")).seq).toBe(2n ** 33n);
  const { messages } = await again.chat.listMessages({ conversationId: id });
  expect(messages.map(({ content }) => content?.text)).toEqual(["3", "2", "1"]);
}, 60_000);
