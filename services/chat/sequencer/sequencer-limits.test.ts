import { beforeEach, describe, expect, test } from "vitest";
import { type EventLog, maxRecordEntries } from "#platform/log/event-log.ts";
import { type ConversationId, deviceId, newConversationId, userId } from "#platform/runtime/ids.ts";
import { decideDelete, decideRemoveMember } from "../commands/decisions.ts";
import { chatErrors } from "../errors.ts";
import { ada, bob, command, createGroup, nextClientId, post } from "../testing/commands.ts";
import { createHandLeases } from "../testing/hand-leases.ts";
import { expectWhole, reasonOf, textsOf } from "../testing/logged-events.ts";
import { type Files, openFiles, type Sequencing, startSequencing } from "../testing/sequencing.ts";
import type { Outcome } from "./command.ts";
import { maxWaitingBytes, maxWaitingCommands } from "./command-queue.ts";
import { maxConversations } from "./sequencer-state.ts";

let files: Files;
let running: Sequencing;
let id: ConversationId;

beforeEach(async () => {
  files = await openFiles();
  running = await startSequencing(files);
  id = newConversationId(0);
  await running.submit(createGroup(id, [ada, bob]));
});

describe("limits", () => {
  /** Fills the queue while an append is in flight. */
  function fill(count: number, size: number): Promise<Outcome>[] {
    return running.sequencer.submit(Array.from({ length: count }, (_, index) => post(id, ada, `${index}`, { size })));
  }

  test("a call that would make more commands wait than may is refused whole", async () => {
    const waiting = fill(maxWaitingCommands - 1, 1);
    const refused = await Promise.all(fill(2, 1).map(reasonOf));
    expect(refused).toEqual([chatErrors.OVERLOADED.reason, chatErrors.OVERLOADED.reason]);
    expect(await reasonOf(running.submit(post(id, ada, "the last one", { size: 1 })))).toBe("done");
    await Promise.all(waiting);
    expect(await expectWhole(files, id)).toHaveLength(maxWaitingCommands + 1);
  });

  test("a call that would make more bytes wait than may is refused whole", async () => {
    const waiting = fill(15, maxWaitingBytes / 16);
    const refused = await Promise.all(fill(2, maxWaitingBytes / 16).map(reasonOf));
    expect(refused).toEqual([chatErrors.OVERLOADED.reason, chatErrors.OVERLOADED.reason]);
    await Promise.all(waiting);
    expect(await Promise.all(fill(2, maxWaitingBytes / 16))).toHaveLength(2);
    expect(await expectWhole(files, id)).toHaveLength(18);
  });

  test("a repetition of what waits needs no room", async () => {
    const clientId = nextClientId();
    const first = running.submit(post(id, ada, "once", { clientId, size: maxWaitingBytes }));
    const again = running.submit(post(id, ada, "once", { clientId, size: maxWaitingBytes }));
    expect((await Promise.all([first, again])).map(({ seq }) => seq)).toEqual([2, 2]);
  });

  test("a busy conversation does not keep others waiting", async () => {
    const quiet = Array.from({ length: 10 }, () => newConversationId(0));
    await Promise.all(quiet.map((other) => running.submit(createGroup(other, [ada]))));
    const busy = fill(1000, 1);
    const outcomes = await Promise.all(quiet.map((other) => running.submit(post(other, ada, "hello"))));
    const last = await busy.at(-1);
    for (const { position } of outcomes) expect(position).toBeLessThan((last?.position ?? 0) - 500);
    await Promise.all(busy);
  });

  test("a group holds at most as many entries and bytes as a record may", async () => {
    await Promise.all([
      ...fill(600, 1),
      ...running.sequencer.submit(
        Array.from({ length: 40 }, (_, index) => post(id, ada, `${index} ${"x".repeat(60_000)}`)),
      ),
    ]);
    const records = await files.log.read(0, 1, Number.POSITIVE_INFINITY);
    expect(Math.max(...records.map((record) => record.entries.length))).toBe(maxRecordEntries);
    expect(await expectWhole(files, id)).toHaveLength(641);
  });

  test("a group is not refused though each of its headers is as long as they get", async () => {
    const long = "x".repeat(55);
    const commands = Array.from({ length: 30 }, (_, index) => ({
      ...post(id, ada, `${index} ${"x".repeat(1500)}`, { device: deviceId(long) }),
      traceparent: long,
    }));
    expect(await Promise.all(running.sequencer.submit(commands))).toHaveLength(30);
  });

  test("an event of more than 64 KiB is refused alone", async () => {
    const large = "x".repeat(64 * 1024);
    const outcomes = running.sequencer.submit([post(id, ada, "one"), post(id, ada, large), post(id, ada, "two")]);
    const reasons = await Promise.all(outcomes.map(reasonOf));
    expect(reasons).toEqual(["done", chatErrors.EVENT_TOO_LARGE.reason, "done"]);
    expect(textsOf(await expectWhole(files, id))).toEqual(["one", "two"]);
  });

  test("a command that nobody waits for any more is not sent", async () => {
    const ending = new AbortController();
    const blocking = running.submit(post(id, ada, "one"));
    const dropped = running.submit(post(id, ada, "two", { signal: ending.signal }));
    ending.abort();
    expect(await reasonOf(dropped)).toBe(chatErrors.OUTCOME_UNKNOWN.reason);
    await blocking;
    expect(textsOf(await expectWhole(files, id))).toEqual(["one"]);
  });

  test("a repetition is sent though the one that it repeats is no longer waited for", async () => {
    const [ending, clientId] = [new AbortController(), nextClientId()];
    const first = reasonOf(running.submit(post(id, ada, "two", { signal: ending.signal, clientId })));
    const again = running.submit(post(id, ada, "two", { clientId }));
    ending.abort();
    expect((await again).happened).toBe(true);
    await first;
    expect(textsOf(await expectWhole(files, id))).toEqual(["two"]);
  });

  test("nothing more is taken while the shard is stopped", async () => {
    running.following.stop(0, "damaged");
    expect(await reasonOf(running.submit(post(id, ada, "one")))).toBe(chatErrors.SHARD_STOPPED.reason);
    expect(running.sequencer.notReady()).toBe("damaged");
  });
});

test("a log without room refuses commands, and takes them again once it has room", async () => {
  await running.stop();
  let isFull = false;
  const append: EventLog["append"] = async (...args) => (isFull ? "full" : await files.log.append(...args));
  const log = { ...files.log, append };
  const other = await startSequencing({ ...files, log });
  const clientId = nextClientId();
  isFull = true;
  const sends = [post(id, ada, "one", { clientId }), post(id, userId("eve"), "two"), createGroup(id, [ada])];
  const reasons = await Promise.all(other.sequencer.submit(sends).map(reasonOf));
  expect(reasons).toEqual(Array(3).fill(chatErrors.LOG_FULL.reason));
  isFull = false;
  expect(await other.submit(post(id, ada, "one", { clientId }))).toMatchObject({ seq: 2, duplicate: false });
});

test("a log that is nearly full takes deletions and removals only, and everything again once it is trimmed", async () => {
  const { seq, messageCount } = await running.submit(post(id, ada, "one"));
  await running.stop();
  let fullness = 0.95;
  const log = { ...files.log, fullness: async () => fullness };
  const leases = createHandLeases();
  const other = await startSequencing({ ...files, log }, { leases });
  const refused = [post(id, ada, "two"), createGroup(newConversationId(0), [ada])];
  for (const one of refused) expect(await reasonOf(other.submit(one))).toBe(chatErrors.LOG_FULL.reason);
  const target = { seq, messageCount, authorId: ada, deleted: false };
  const deletion = command(id, ada, "delete", decideDelete(ada, target));
  const removal = command(id, ada, "remove", decideRemoveMember(ada, bob), { users: [ada, bob] });
  for (const taken of [deletion, removal]) expect(await other.submit(taken)).toMatchObject({ happened: true });
  fullness = 0.5;
  await leases.take(0);
  leases.give(0);
  expect((await other.submit(post(id, ada, "two"))).happened).toBe(true);
});

test("conversations that are no longer at hand are known again from the store", async () => {
  const ids = Array.from({ length: maxConversations + 50 }, () => newConversationId(0));
  await Promise.all(ids.map((other) => running.submit(createGroup(other, [ada, bob]))));
  const remove = (other: ConversationId) =>
    command(other, ada, "remove", decideRemoveMember(ada, bob), { users: [ada, bob] });
  await Promise.all(ids.map((other) => running.submit(remove(other))));
  const posts = ids.map((other) => post(other, ada, "hello"));
  const first = await Promise.all(posts.map((one) => running.submit(one)));
  const again = await Promise.all(posts.map((one) => running.submit(one)));
  expect(again.map(({ seq, duplicate }) => [seq, duplicate])).toEqual(first.map(() => [3, true]));
  const refused = await Promise.all(ids.map((other) => reasonOf(running.submit(post(other, bob, "hello")))));
  expect(new Set(refused)).toEqual(new Set([chatErrors.NOT_A_MEMBER.reason]));
});

test("a shard that is stopped already is not taken over", async () => {
  await running.stop();
  const tail = await files.log.tail(0);
  await files.db.script("UPDATE checkpoint SET position = position + 100");
  const next = await startSequencing(files);
  expect(await reasonOf(next.submit(post(id, ada, "one")))).toBe(chatErrors.SHARD_STOPPED.reason);
  expect(next.sequencer.notReady()).toMatch(/ends at/);
  expect(await files.log.tail(0)).toBe(tail);
});

test("commands are refused while the store is 128 MiB of events behind, and taken again once it is not", async () => {
  await running.stop();
  const other = await openFiles();
  const lagging = await startSequencing(other, { projecting: false });
  await lagging.submit(createGroup(id, [ada]));
  const text = "x".repeat(60_000);
  const fill = async () => {
    const commands = Array.from({ length: 100 }, () => post(id, ada, text));
    return (await Promise.all(lagging.sequencer.submit(commands).map(reasonOf))).at(-1);
  };
  for (let outcome = await fill(); outcome === "done"; ) outcome = await fill();
  const { bytes } = lagging.following.behind(0);
  expect(bytes).toBeGreaterThan(128 * 1024 * 1024);
  expect(bytes).toBeLessThan(128 * 1024 * 1024 + 101 * text.length);
  expect(await fill()).toBe(chatErrors.STORE_BEHIND.reason);
  lagging.following.projected(0, lagging.following.tail(0));
  expect(lagging.following.behind(0)).toEqual({ entries: 0, bytes: 0 });
  expect(await fill()).toBe("done");
});
