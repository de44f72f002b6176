import fc from "fast-check";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type ConversationId, newConversationId } from "#platform/runtime/ids.ts";
import { createHoldingEventLog, type Fate } from "#platform/testing/holding-event-log.ts";
import { ownerRecordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { chatErrors } from "../errors.ts";
import { ada, bob, createGroup, nextClientId, post } from "../testing/commands.ts";
import { eventsOf, expectWhole, reasonOf, textsOf } from "../testing/logged-events.ts";
import { type Files, openFiles, type Sequencing, startSequencing } from "../testing/sequencing.ts";

let files: Files;
let running: Sequencing;
let id: ConversationId;

beforeEach(async () => {
  files = await openFiles();
  running = await startSequencing(files);
  id = newConversationId(0);
  await running.submit(createGroup(id, [ada, bob]));
});

/** Owners and epochs of the records, in order. */
async function ownersIn(log: Files["log"]): Promise<[string, number][]> {
  const records = await log.read(0, 1, Number.POSITIVE_INFINITY);
  return records.filter(({ owner }) => owner !== "").map(({ owner, epoch }) => [owner, Number(epoch)]);
}

describe("an append whose outcome is unknown", () => {
  const fates: Fate[] = ["landed", "late", "held", "lost", "twice"];

  test.each(fates)("has one effect when it was %s, and its caller hears which", async (fate) => {
    files.log.next(fate);
    const sent = await running.submit(post(id, ada, "hello"));
    await files.log.land();
    expect(sent).toMatchObject({ seq: 2, messageCount: 1, happened: true });
    expect(textsOf(await expectWhole(files, id))).toEqual(["hello"]);
    expect(await running.submit(post(id, ada, "again"))).toMatchObject({ seq: 3, messageCount: 2 });
    expect(running.following.stopped(0)).toBeUndefined();
  });

  test("is settled by an owner record of the next epoch, on the tail that was read", async () => {
    files.log.next("held");
    await running.submit(post(id, ada, "hello"));
    expect(await files.log.land()).toEqual(["wrong-tail"]);
    expect(await ownersIn(files.log)).toEqual([
      ["this process", 1],
      ["this process", 2],
    ]);
    expect(running.following.epoch(0)).toBe(2);
  });

  test("is settled though it lands between the read and the owner record", async () => {
    files.log.next("late");
    const sent = await running.submit(post(id, ada, "hello"));
    expect(sent.seq).toBe(2);
    expect(await ownersIn(files.log)).toHaveLength(2);
    expect(textsOf(await expectWhole(files, id))).toEqual(["hello"]);
  });

  test("is settled though the owner records have unknown outcomes too", async () => {
    files.log.next("landed", "landed", "late", "lost", "held");
    const sent = await running.submit(post(id, ada, "hello"));
    await files.log.land();
    expect(sent.seq).toBe(2);
    const owners = await ownersIn(files.log);
    expect(owners.map(([, epoch]) => epoch)).toEqual(owners.map((_, index) => index + 1));
    expect(textsOf(await expectWhole(files, id))).toEqual(["hello"]);
    expect(running.following.stopped(0)).toBeUndefined();
  });

  test("has one effect for all repetitions that came before, during and after", async () => {
    const [clientId, again] = [nextClientId(), () => running.submit(post(id, ada, "hello", { clientId }))];
    files.log.next("late", "lost");
    const first = [again(), again()];
    await until(() => (files.log.arrived > 2 ? "" : "nothing landed yet"));
    const outcomes = await Promise.all([...first, again()]);
    outcomes.push(await again());
    expect(new Set(outcomes.map(({ seq }) => seq))).toEqual(new Set([2]));
    expect(textsOf(await expectWhole(files, id))).toEqual(["hello"]);
  });

  test("keeps commands that arrive meanwhile waiting, in their order", async () => {
    files.log.next("lost", "lost", "lost");
    const first = running.submit(post(id, ada, "one"));
    await until(() => (running.sequencer.notReady() ? "" : "it is not settling"));
    const second = running.submit(post(id, ada, "two"));
    expect((await Promise.all([first, second])).map(({ seq }) => seq)).toEqual([2, 3]);
  });

  test("is dropped whole: who was added in it can't send by it", async () => {
    const other = newConversationId(0);
    files.log.next("lost");
    const [created, sent] = running.sequencer.submit([createGroup(other, [ada]), post(other, ada, "hello")]);
    expect((await Promise.all([created, sent])).map((outcome) => outcome?.seq)).toEqual([1, 2]);
    expect(textsOf(await expectWhole(files, other))).toEqual(["hello"]);
  });

  test("of any fates, in any order, leaves each message once, in order, in one whole conversation", async () => {
    const fate = fc.constantFrom<Fate>("through", "landed", "late", "held", "lost", "twice");
    const round = fc.record({ fates: fc.array(fate, { maxLength: 4 }), sends: fc.integer({ min: 1, max: 5 }) });
    const sent: string[] = [];
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 3 }), async (rounds) => {
        for (const { fates, sends } of rounds) {
          files.log.next(...fates);
          const texts = Array.from({ length: sends }, () => `message ${sent.length + 1} ${Math.random()}`);
          sent.push(...texts);
          await Promise.all(texts.map((text) => running.submit(post(id, ada, text))));
          await files.log.land();
        }
        expect(textsOf(await expectWhole(files, id))).toEqual(sent);
        expect(running.following.stopped(0)).toBeUndefined();
      }),
      { numRuns: 25 },
    );
  });
});

describe("another owner", () => {
  test("deposes once it is followed: nothing is decided any more", async () => {
    const tail = await files.log.tail(0);
    await files.log.append(0, tail, ownerRecordOf(tail + 1, 2, "that process"));
    await running.following.reached(0, tail + 1, 5_000);
    expect(await reasonOf(running.submit(post(id, ada, "hello")))).toBe(chatErrors.NOT_OWNER.reason);
    expect(running.sequencer.notReady()).toContain("no process owns shard 0");
    expect(await files.log.tail(0)).toBe(tail + 1);
  });

  test("that takes over while both run gets what was committed, and one effect for what is repeated there", async () => {
    const clientId = nextClientId();
    await running.submit(post(id, ada, "one", { clientId }));
    const other = await startSequencing(files, { owner: "that process", projecting: false });
    expect(await other.submit(post(id, ada, "one", { clientId }))).toMatchObject({ seq: 2, duplicate: true });
    expect((await other.submit(post(id, ada, "two"))).seq).toBe(3);
    expect(await reasonOf(running.submit(post(id, bob, "three")))).toBe(chatErrors.NOT_OWNER.reason);
    expect(textsOf(await expectWhole(files, id))).toEqual(["one", "two"]);
  });

  test("that takes over fences an append of the old one that is still on its way", async () => {
    const clientId = nextClientId();
    // Each process has a line of its own to the log: what is held of the old one's never holds the new one up.
    const ownLine = createHoldingEventLog(files.log);
    await running.stop();
    const old = await startSequencing({ ...files, log: ownLine }, { projecting: false });
    ownLine.next(...Array<Fate>(1000).fill("held"));
    const unknown = reasonOf(old.submit(post(id, ada, "one", { clientId })));
    await until(() => (old.sequencer.notReady() ? "" : "it is not settling"));
    const other = await startSequencing(files, { owner: "that process", projecting: false });
    expect((await other.submit(post(id, ada, "one", { clientId }))).duplicate).toBe(false);
    expect(new Set(await ownLine.land())).toEqual(new Set(["wrong-tail"]));
    expect(await unknown).toBe(chatErrors.OUTCOME_UNKNOWN.reason);
    expect(textsOf(await expectWhole(files, id))).toEqual(["one"]);
    expect(other.following.stopped(0)).toBeUndefined();
  });
});

describe("stopping", () => {
  test("ends though the log answers nothing, and what waits hears that its outcome is unknown", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    files.log.next(...Array<Fate>(1000).fill("lost"));
    const sent = reasonOf(running.submit(post(id, ada, "hello")));
    await vi.advanceTimersByTimeAsync(100);
    const stopping = running.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    await stopping;
    expect(await sent).toBe(chatErrors.OUTCOME_UNKNOWN.reason);
  });
});

describe("the next incarnation", () => {
  test("begins each conversation's next event with a void over all numbers that may have been given out", async () => {
    await running.submit(post(id, ada, "before"));
    await running.stop();
    const later = await startSequencing(files, { incarnation: 3 });
    const outcomes = await Promise.all(later.sequencer.submit([post(id, ada, "one"), post(id, bob, "two")]));
    const start = 3 * 2 ** 32;
    expect(outcomes.map(({ seq, messageCount }) => [seq, messageCount])).toEqual([
      [start, 2],
      [start + 1, 3],
    ]);
    const events = await eventsOf(files, id);
    expect(events.map(({ seq, body }) => [Number(seq), body.case])).toEqual([
      [1, "conversationCreated"],
      [2, "messagePosted"],
      [start - 1, "void"],
      [start, "messagePosted"],
      [start + 1, "messagePosted"],
    ]);
    expect(events[2]).toMatchObject({
      messageCount: 1n,
      authorId: "",
      body: { value: { from: 3n, to: BigInt(start) - 1n } },
    });
    const fresh = newConversationId(0);
    expect(await later.submit(createGroup(fresh, [ada]))).toMatchObject({ seq: 1 });
    await later.stop();
    const again = await startSequencing(files, { incarnation: 3 });
    expect((await again.submit(post(id, ada, "three"))).seq).toBe(start + 2);
  });

  test("voids nothing where a command is refused or finds nothing to do", async () => {
    await running.stop();
    const later = await startSequencing(files, { incarnation: 2 });
    expect(await later.submit(createGroup(id, [ada, bob]))).toMatchObject({ happened: false, seq: 1 });
    expect(await eventsOf(files, id)).toHaveLength(1);
  });
});
