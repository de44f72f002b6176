import { beforeEach, describe, expect, test } from "vitest";
import { type ConversationId, deviceId, newConversationId, userId } from "#platform/runtime/ids.ts";
import { decideRemoveMember } from "../commands/decisions.ts";
import { chatErrors } from "../errors.ts";
import { ada, bob, command, createGroup, nextClientId, post } from "../testing/commands.ts";
import { eventsOf, expectWhole, reasonOf, textsOf, timeOf } from "../testing/logged-events.ts";
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

describe("numbers", () => {
  test("run without gaps in each conversation, whatever is sent at once", async () => {
    const others = Array.from({ length: 5 }, () => newConversationId(0));
    await Promise.all(others.map((other) => running.submit(createGroup(other, [ada, bob]))));
    const ids = [id, ...others];
    const sends = Array.from({ length: 600 }, (_, index) => {
      const [of = id, user] = [ids[index % ids.length], index % 7 === 0 ? bob : ada];
      return running.submit(post(of, user, `message ${index}`));
    });
    const outcomes = await Promise.all(sends);
    expect(new Set(outcomes.map(({ position }) => position)).size).toBe(600);
    for (const of of ids) expect(await expectWhole(files, of)).toHaveLength(101);
    const stored = await eventsOf(files, id);
    for (const [index, { seq, messageCount, timeMs }] of outcomes.entries()) {
      if (index % ids.length !== 0) continue;
      const event = stored[seq - 1];
      expect([textsOf(event ? [event] : []), Number(event?.messageCount)]).toEqual([
        [`message ${index}`],
        messageCount,
      ]);
      expect(event && timeOf(event)).toBe(timeMs);
    }
  });

  test("follow the order in which commands of one conversation were submitted", async () => {
    const texts = Array.from({ length: 700 }, (_, index) => `message ${index}`);
    await Promise.all([
      ...running.sequencer.submit(texts.slice(0, 400).map((text) => post(id, ada, text))),
      ...running.sequencer.submit(texts.slice(400).map((text) => post(id, bob, text))),
    ]);
    expect(textsOf(await expectWhole(files, id))).toEqual(texts);
  });

  test("carry a time that never falls, though the clock is turned back", async () => {
    const start = running.clock.now;
    await running.submit(post(id, ada, "one"));
    running.clock.now = start + 10_000;
    const ahead = await running.submit(post(id, ada, "two"));
    running.clock.now = start - 3_600_000;
    const behind = await running.submit(post(id, ada, "three"));
    expect([ahead.timeMs, behind.timeMs]).toEqual([start + 10_000, start + 10_000]);
    await expectWhole(files, id);
  });

  test("go on after a restart, whether the store has caught up or holds nothing at all", async () => {
    await Promise.all(running.sequencer.submit([post(id, ada, "one"), post(id, bob, "two")]));
    await running.stop();
    for (const projecting of [false, true, false]) {
      const next = await startSequencing(files, { projecting });
      const [third] = await Promise.all(next.sequencer.submit([post(id, ada, "more"), post(id, bob, "and more")]));
      expect(third?.happened).toBe(true);
      await next.stop();
    }
    await running.stop();
    expect((await expectWhole(files, id)).at(-1)).toMatchObject({ seq: 9n, messageCount: 8n });
  });

  test("are refused with NOT_OWNER once the sequencer stops, and what waited is finished", async () => {
    const sends = running.sequencer.submit(Array.from({ length: 300 }, (_, index) => post(id, ada, `${index}`)));
    const stopping = running.sequencer.stop();
    expect(await reasonOf(running.submit(post(id, ada, "late")))).toBe(chatErrors.NOT_OWNER.reason);
    await stopping;
    await running.sequencer.stop();
    expect(await Promise.all(sends)).toHaveLength(300);
  });
});

describe("a client id", () => {
  test("has one effect, though it is sent a hundred times at once", async () => {
    const clientId = nextClientId();
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () => running.submit(post(id, ada, "hello", { clientId }))),
    );
    expect(new Set(outcomes.map(({ seq }) => seq))).toEqual(new Set([2]));
    expect(outcomes.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    const again = await running.submit(post(id, ada, "hello", { clientId }));
    expect(again).toMatchObject({
      seq: 2,
      messageCount: 1,
      timeMs: outcomes[0]?.timeMs,
      duplicate: true,
      happened: true,
    });
    expect(textsOf(await expectWhole(files, id))).toEqual(["hello"]);
  });

  test("twice within one call has one effect", async () => {
    const clientId = nextClientId();
    const outcomes = await Promise.all(
      running.sequencer.submit([post(id, ada, "hello", { clientId }), post(id, ada, "hello", { clientId })]),
    );
    expect(outcomes.map(({ seq, duplicate }) => [seq, duplicate])).toEqual([
      [2, false],
      [2, true],
    ]);
  });

  test("belongs to its user, device and conversation", async () => {
    const clientId = nextClientId();
    const other = newConversationId(0);
    await running.submit(createGroup(other, [ada]));
    const outcomes = await Promise.all([
      running.submit(post(id, ada, "hello", { clientId })),
      running.submit(post(id, bob, "hello", { clientId })),
      running.submit(post(id, ada, "hello", { clientId, device: deviceId("laptop") })),
      running.submit(post(other, ada, "hello", { clientId })),
    ]);
    expect(outcomes.some(({ duplicate }) => duplicate)).toBe(false);
  });

  test("with other content is refused, while the first waits and after it has been committed", async () => {
    const clientId = nextClientId();
    const [first, other] = running.sequencer.submit([
      post(id, ada, "hello", { clientId }),
      post(id, ada, "goodbye", { clientId }),
    ]);
    expect(await reasonOf(other)).toBe(chatErrors.CLIENT_ID_REUSED.reason);
    await first;
    expect(await reasonOf(running.submit(post(id, ada, "goodbye", { clientId })))).toBe(
      chatErrors.CLIENT_ID_REUSED.reason,
    );
    expect(textsOf(await expectWhole(files, id))).toEqual(["hello"]);
  });

  test("that was refused leaves no trace", async () => {
    const [clientId, eve] = [nextClientId(), userId("eve")];
    expect(await reasonOf(running.submit(post(id, eve, "hello", { clientId })))).toBe(chatErrors.NOT_A_MEMBER.reason);
    expect(await reasonOf(running.submit(post(id, eve, "goodbye", { clientId })))).toBe(chatErrors.NOT_A_MEMBER.reason);
  });

  test.each([true, false])(
    "is known after a restart though hundreds came later (store follows: %s)",
    async (projecting) => {
      const ids = Array.from({ length: 300 }, nextClientId);
      const commands = () => ids.map((clientId, index) => post(id, ada, `message ${index}`, { clientId }));
      if (!projecting) await running.stop();
      const first = projecting ? running : await startSequencing(files, { projecting });
      // The largest come first: ids need not rise.
      const outcomes = await Promise.all(first.sequencer.submit(commands().reverse()));
      await first.stop();
      const next = await startSequencing(files, { projecting });
      const again = await Promise.all(next.sequencer.submit(commands()));
      expect(again.every(({ duplicate }) => duplicate)).toBe(true);
      expect(again.map(({ seq }) => seq)).toEqual(outcomes.reverse().map(({ seq }) => seq));
      expect(await expectWhole(files, id)).toHaveLength(301);
    },
  );

  test("is known after a restart though a smaller one was sent since", async () => {
    const [late, ...ids] = Array.from({ length: 301 }, nextClientId);
    const commands = () => ids.map((clientId, index) => post(id, ada, `message ${index}`, { clientId }));
    await Promise.all(running.sequencer.submit(commands()));
    await running.stop();
    const next = await startSequencing(files);
    await next.submit(post(id, ada, "late", { clientId: late ?? "" }));
    const again = await Promise.all(next.sequencer.submit(commands()));
    expect(again.filter(({ duplicate }) => !duplicate)).toEqual([]);
  });

  test("of a conversation, then of a message, is one id", async () => {
    const [clientId, other] = [nextClientId(), newConversationId(0)];
    await running.submit(createGroup(other, [ada], { clientId }));
    expect(await running.submit(createGroup(other, [ada], { clientId }))).toMatchObject({ seq: 1, duplicate: true });
    expect(await reasonOf(running.submit(post(other, ada, "hello", { clientId })))).toBe(
      chatErrors.CLIENT_ID_REUSED.reason,
    );
  });
});

describe("permission", () => {
  const remove = (user = bob) => command(id, ada, "remove", decideRemoveMember(ada, user), { users: [ada, user] });

  test("goes by the order of the log: who is removed before they send is refused, though it is the same group", async () => {
    const outcomes = running.sequencer.submit([
      post(id, bob, "before"),
      remove(),
      post(id, bob, "after"),
      post(id, ada, "bye"),
    ]);
    const reasons = await Promise.all(outcomes.map(reasonOf));
    expect(reasons).toEqual(["done", "done", chatErrors.NOT_A_MEMBER.reason, "done"]);
    expect(textsOf(await expectWhole(files, id))).toEqual(["before", "bye"]);
    expect(await reasonOf(running.submit(post(id, bob, "later")))).toBe(chatErrors.NOT_A_MEMBER.reason);
  });

  test("a refusal is told only once the group that it rests on has settled", async () => {
    files.log.next("lost");
    const [removed, sent] = running.sequencer.submit([remove(), post(id, bob, "after")]);
    const order: string[] = [];
    await Promise.all([
      removed?.then(() => order.push("removed")),
      reasonOf(sent).then((reason) => order.push(`refused ${reason}`)),
    ]);
    expect(order).toEqual(["removed", `refused ${chatErrors.NOT_A_MEMBER.reason}`]);
    expect((await eventsOf(files, id)).map(({ body }) => body.case)).toEqual(["conversationCreated", "memberRemoved"]);
  });

  test("in an unknown conversation, or on an unknown shard, is that of nobody", async () => {
    expect(await reasonOf(running.submit(post(newConversationId(0), ada, "hello")))).toBe(
      chatErrors.NOT_A_MEMBER.reason,
    );
    expect(await reasonOf(running.submit(post(newConversationId(9), ada, "hello")))).toBe(
      chatErrors.NOT_A_MEMBER.reason,
    );
  });
});
