import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import type { EventLog } from "#platform/log/event-log.ts";
import { type ConversationId, deviceId, newConversationId } from "#platform/runtime/ids.ts";
import { ada, createGroup, post } from "../testing/commands.ts";
import { openFiles, startSequencing } from "../testing/sequencing.ts";
import type { Outcome } from "./command.ts";

/** So slow that the next group waits, and far from so slow that it need not. */
const appendMs = 3;
const rounds = 10;

let sizes: number[];
let id: ConversationId;
let send: (sender: string, text: string) => Promise<Outcome>;

beforeEach(async () => {
  const files = await openFiles();
  sizes = [];
  const append: EventLog["append"] = async (shard, tail, record) => {
    sizes.push(record.entries.length);
    await wait(appendMs);
    return await files.log.append(shard, tail, record);
  };
  const { submit } = await startSequencing({ ...files, log: { ...files.log, append } });
  id = newConversationId(0);
  await submit(createGroup(id, [ada]));
  send = (sender, text) => submit(post(id, ada, text, { device: deviceId(sender) }));
});

test("what several senders send soon after each other shares a group, though no append is in flight", async () => {
  for (let round = 0; round < rounds; round++) {
    await Promise.all([send("phone", "at once"), send("laptop", "at once")]);
    sizes = [];
    const first = send("phone", "first");
    await nextTurn();
    await Promise.all([first, send("laptop", "a turn later")]);
    if (sizes[0] === 2) return;
  }
  expect.fail(`of ${rounds} pairs none shared a group`);
});

test("who sends alone does not wait", async () => {
  await send("phone", "one");
  sizes = [];
  const second = send("phone", "two");
  await nextTurn();
  expect(sizes).toEqual([1]);
  await second;
});
