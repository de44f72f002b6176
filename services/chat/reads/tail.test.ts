import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { openFollowing } from "#platform/log/following-log.ts";
import { newConversationId } from "#platform/runtime/ids.ts";
import { createSealer } from "#platform/runtime/sealing.ts";
import { chatErrors } from "../errors.ts";
import { ada, bob, createGroup, post } from "../testing/commands.ts";
import { reasonOf } from "../testing/logged-events.ts";
import { openFiles, startSequencing } from "../testing/sequencing.ts";
import { createAfterTokens } from "./after-tokens.ts";
import { withTail } from "./tail.ts";

/** A group of five events, as a process follows it whose store holds none of them. */
async function followedGroup() {
  const files = await openFiles();
  const id = newConversationId(0);
  const running = await startSequencing(files, { projecting: false });
  await running.submit(createGroup(id, [ada]));
  for (let count = 1; count < 5; count++) await running.submit(post(id, ada, `message ${count}`));
  const logger = pino({ level: "silent" });
  const following = await openFollowing({ log: files.log, shards: 1, logger, watermark: async () => 0 });
  onTestFinished(() => following.close());
  return { id, following, running };
}

test("an event that the store takes in while it is read is read, or in the tail", async () => {
  const { id, following } = await followedGroup();
  const third = Number(following.ofConversation(id, 0)[2]?.position);
  const { base, tail } = await withTail(following, id, async () => {
    const rows: number[] = [];
    following.projected(0, third);
    return rows;
  });
  expect([...base, ...tail.map(({ seq }) => seq)]).toEqual([1, 2, 3, 4, 5]);
});

test("a read waits for what its `after` names, and says so where it does not come", { timeout: 10_000 }, async () => {
  const { id, following, running } = await followedGroup();
  const sealer = createSealer(new Uint8Array(32));
  const tokens = createAfterTokens(sealer, following, 2);
  const signal = new AbortController().signal;
  const wait = (token: string, user = ada) => reasonOf(tokens.wait(user, token, signal));
  const next = tokens.of(ada, id, [{ position: following.tail(0) + 1 }]);
  expect(await wait(next)).toBe(chatErrors.NOT_YET.reason);
  const waiting = wait(next);
  await running.submit(post(id, ada, "the next one"));
  expect(await waiting).toBe("done");
  expect(await wait("")).toBe("done");
  expect(await wait(next, bob)).toBe(chatErrors.INVALID_TOKEN.reason);
  const ofLastLife = createAfterTokens(sealer, following, 1).of(ada, id, [{ position: 1 }]);
  expect(await wait(ofLastLife)).toBe(chatErrors.INVALID_TOKEN.reason);
  expect(await wait(`${next.slice(0, -2)}zz`)).toBe(chatErrors.INVALID_TOKEN.reason);
});
