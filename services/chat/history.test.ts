import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { HistoryPolicy } from "#gen/parley/chat/v1/events_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { createSealer } from "#platform/runtime/sealing.ts";
import { chatErrors } from "./errors.ts";
import {
  chatRefusal,
  makeGroup,
  nothing,
  type Person,
  platformRefusal,
  projected,
  refusalOf,
  say,
  sayAll,
  signInThree,
  useStack,
} from "./testing/chatting.ts";

const stack = useStack();
let ada: Person;
let bob: Person;
let cyd: Person;

beforeAll(async () => {
  [ada, bob, cyd] = await signInThree(stack());
});

const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const remove = (by: Person, conversationId: string, { userId }: Person) =>
  by.chat.removeMember({ clientId: uuidv7(), conversationId, userId });
const add = (by: Person, conversationId: string, { userId }: Person) =>
  by.chat.addMembers({ clientId: uuidv7(), conversationId, userIds: [userId] });

/** Numbers of all events that somebody may see, page by page. */
async function eventSeqs({ chat }: Person, conversationId: string, pageSize: number, toSeq = 0): Promise<number[]> {
  const seqs: number[] = [];
  for (let fromSeq = 0n; ; ) {
    const request = { conversationId, fromSeq, toSeq: BigInt(toSeq), pageSize };
    const { events, nextSeq } = await chat.listEvents(request);
    expect(events.length).toBeLessThanOrEqual(pageSize);
    seqs.push(...events.map(({ seq }) => Number(seq)));
    if (nextSeq === 0n) return seqs;
    expect(nextSeq > (events.at(-1)?.seq ?? 0n)).toBe(true);
    fromSeq = nextSeq;
  }
}

/** Numbers of all messages that somebody may see, page by page, in one direction. */
async function messageSeqs({ chat }: Person, conversationId: string, pageSize: number, rising: boolean) {
  const seqs: number[] = [];
  for (;;) {
    const from = BigInt(seqs.at(-1) ?? 0);
    const anchor = rising ? { case: "afterSeq" as const, value: from } : { case: "beforeSeq" as const, value: from };
    const { messages, more } = await chat.listMessages({ conversationId, anchor, pageSize });
    expect(messages.length).toBeLessThanOrEqual(pageSize);
    seqs.push(...messages.map(({ seq }) => Number(seq)));
    if (!more) return seqs;
  }
}

describe("paging", () => {
  test("of events and messages gives everything once, in either direction, over partitions and the store's edge", async () => {
    const id = await makeGroup([ada, bob]);
    await sayAll(ada, id, span(2, 1205).map(String));
    for (const wait of [nothing, projected]) {
      await wait(stack());
      expect(await eventSeqs(bob, id, 400)).toEqual(span(1, 1205));
      expect(await messageSeqs(bob, id, 200, true)).toEqual(span(2, 1205));
      expect(await messageSeqs(bob, id, 200, false)).toEqual(span(2, 1205).toReversed());
    }
    expect(await eventSeqs(bob, id, 1000, 1001)).toEqual(span(1, 1001));
    const first = await bob.chat.listEvents({ conversationId: id });
    expect([first.events.length, first.nextSeq]).toEqual([200, 201n]);
    expect((await bob.chat.listMessages({ conversationId: id })).messages).toHaveLength(50);
  });

  test("keeps an answer below 1 MiB, but gives at least one", async () => {
    const id = await makeGroup([ada, bob]);
    const long = "x".repeat(16 * 1024);
    for (let batch = 0; batch < 6; batch++) await sayAll(ada, id, Array(15).fill(long));
    const { events, nextSeq } = await bob.chat.listEvents({ conversationId: id });
    expect(events.length).toBeGreaterThan(50);
    expect(nextSeq).toBe(BigInt(events.length + 1));
    const { messages, more } = await bob.chat.listMessages({ conversationId: id, pageSize: 200 });
    expect([messages.length > 50, more]).toEqual([true, true]);
    expect(await messageSeqs(bob, id, 200, true)).toEqual(span(2, 91));
  });

  test("takes no sizes that are negative or too large, and numbers of any size", async () => {
    const id = await makeGroup([ada, bob]);
    await sayAll(ada, id, ["one", "two"]);
    const invalid = platformRefusal(platformErrors.INVALID_ARGUMENT);
    for (const pageSize of [-1, 1001, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(await refusalOf(ada.chat.listEvents({ conversationId: id, pageSize }))).toBe(invalid);
      expect(await refusalOf(ada.chat.listMessages({ conversationId: id, pageSize }))).toBe(invalid);
      expect(await refusalOf(ada.chat.listMembers({ conversationId: id, pageSize }))).toBe(invalid);
    }
    for (const huge of [2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect((await ada.chat.listEvents({ conversationId: id, fromSeq: huge })).events).toEqual([]);
      expect((await ada.chat.listEvents({ conversationId: id, toSeq: huge })).events).toHaveLength(3);
      expect((await ada.chat.listEvents({ conversationId: id, fromSeq: huge, toSeq: 1n })).events).toEqual([]);
      const after = await ada.chat.listMessages({ conversationId: id, anchor: { case: "afterSeq", value: huge } });
      const before = await ada.chat.listMessages({ conversationId: id, anchor: { case: "beforeSeq", value: huge } });
      expect([after.messages.length, before.messages.length]).toEqual([0, 2]);
    }
    const first = await ada.chat.listMessages({ conversationId: id, anchor: { case: "beforeSeq", value: 1n } });
    expect(first.messages).toEqual([]);
  });
});

describe("who came, left and came back", () => {
  /** Bob sees 2…5 and 9…11 of 1…12, or everything once he is back where the history is open. */
  async function makeComing(history: HistoryPolicy): Promise<string> {
    const id = await makeGroup([ada], { history });
    await add(ada, id, bob);
    await sayAll(ada, id, ["3", "4"]);
    await remove(ada, id, bob);
    await sayAll(ada, id, ["6", "7", "8"]);
    await add(ada, id, bob);
    await sayAll(ada, id, ["10"]);
    return id;
  }

  test("sees their own stretches only, ends included, page by page", async () => {
    const id = await makeComing(HistoryPolicy.FROM_JOIN);
    await remove(bob, id, bob);
    await sayAll(ada, id, ["12"]);
    for (const wait of [nothing, projected]) {
      await wait(stack());
      for (const pageSize of [1, 2, 3, 4, 100]) {
        expect(await eventSeqs(bob, id, pageSize)).toEqual([2, 3, 4, 5, 9, 10, 11]);
        expect(await messageSeqs(bob, id, pageSize, true)).toEqual([3, 4, 10]);
        expect(await messageSeqs(bob, id, pageSize, false)).toEqual([10, 4, 3]);
      }
      expect(await eventSeqs(ada, id, 5)).toEqual(span(1, 12));
    }
    const { conversation } = await bob.chat.getConversation({ conversationId: id });
    expect(conversation).toMatchObject({ headSeq: 11n, role: 0, lastEvent: { seq: 11n } });
    const hidden = await bob.chat.listEvents({ conversationId: id, fromSeq: 6n, toSeq: 8n });
    expect([hidden.events, hidden.nextSeq]).toEqual([[], 0n]);
  });

  test("sees everything where the history is open, and nothing of it while away", async () => {
    const id = await makeComing(HistoryPolicy.FROM_START);
    expect(await eventSeqs(bob, id, 100)).toEqual(span(1, 10));
    const late = await makeGroup([ada], { history: HistoryPolicy.FROM_START });
    await say(ada, late, "before");
    await add(ada, late, cyd);
    await remove(ada, late, cyd);
    await say(ada, late, "after");
    expect(await eventSeqs(cyd, late, 100)).toEqual([1, 2, 3, 4]);
    expect(await messageSeqs(cyd, late, 100, false)).toEqual([2]);
  });

  test("is told nothing of what the conversation became after they left", async () => {
    const id = await makeGroup([ada, bob]);
    await remove(ada, id, bob);
    await ada.chat.updateConversation({ clientId: uuidv7(), conversationId: id, name: "without bob" });
    await add(ada, id, cyd);
    await say(ada, id, "about bob");
    for (const wait of [nothing, projected]) {
      await wait(stack());
      const { conversation } = await bob.chat.getConversation({ conversationId: id });
      expect([conversation?.name, conversation?.memberCount]).toEqual(["", 0]);
      expect(conversation).toMatchObject({ headSeq: 2n, role: 0, lastEvent: { seq: 2n } });
    }
    const notAMember = chatRefusal(chatErrors.NOT_A_MEMBER);
    expect(await refusalOf(bob.chat.listMembers({ conversationId: id }))).toBe(notAMember);
    expect(await refusalOf(bob.chat.listMarks({ conversationId: id }))).toBe(notAMember);
    expect(await refusalOf(bob.chat.setMarks({ clientId: uuidv7(), conversationId: id, readSeq: 1n }))).toBe(
      notAMember,
    );
  });
});

describe("an edit that happened out of somebody's sight", () => {
  test.each([
    ["stays out of it where they join at a point", HistoryPolicy.FROM_JOIN, "second"],
    ["is shown once they are back where the history is open", HistoryPolicy.FROM_START, "third"],
  ])("%s", async (_, history, back) => {
    const id = await makeGroup([ada, bob], { history });
    const { seq: targetSeq } = await say(ada, id, "first");
    const edit = (text: string) =>
      ada.chat.editMessage({ clientId: uuidv7(), conversationId: id, targetSeq, content: { text } });
    const shownTo = async ({ chat }: Person) => {
      const { messages } = await chat.listMessages({ conversationId: id });
      return [messages[0]?.content?.text, messages[0]?.editedAt !== undefined];
    };
    const unedited = await makeGroup([ada, bob], { history });
    await say(ada, unedited, "first");
    await remove(ada, unedited, bob);
    await ada.chat.editMessage({
      clientId: uuidv7(),
      conversationId: unedited,
      targetSeq,
      content: { text: "second" },
    });
    await edit("second");
    await remove(ada, id, bob);
    await edit("third");
    for (const wait of [nothing, projected]) {
      await wait(stack());
      expect([await shownTo(bob), await shownTo(ada)]).toEqual([
        ["second", true],
        ["third", true],
      ]);
      const { messages } = await bob.chat.listMessages({ conversationId: unedited });
      expect(messages).toMatchObject([{ content: { text: "first" } }]);
      expect(messages[0]?.editedAt).toBeUndefined();
    }
    await add(ada, id, bob);
    expect(await shownTo(bob)).toEqual([back, true]);
    await edit("fourth");
    expect(await shownTo(bob)).toEqual(["fourth", true]);
  });
});

describe("`after`", () => {
  test("makes a read see what was acknowledged", async () => {
    const id = await makeGroup([ada, bob]);
    const { after, seq } = await say(ada, id, "hello");
    const { events } = await ada.chat.listEvents({ conversationId: id, after });
    expect(events.at(-1)?.seq).toBe(seq);
    expect(await refusalOf(ada.chat.listMessages({ conversationId: id, after }))).toBe("done");
    expect(await refusalOf(ada.chat.getConversation({ conversationId: id, after }))).toBe("done");
    expect(await refusalOf(ada.chat.listConversations({ after }))).toBe("done");
    expect(await refusalOf(ada.chat.getUnread({ conversationIds: [id], after }))).toBe("done");
    expect(await refusalOf(ada.chat.listMembers({ conversationId: id, after }))).toBe("done");
  });

  test("of somebody else, or changed, is refused", async () => {
    const id = await makeGroup([ada, bob]);
    const { after } = await say(ada, id, "hello");
    const invalid = chatRefusal(chatErrors.INVALID_TOKEN);
    expect(await refusalOf(bob.chat.listEvents({ conversationId: id, after }))).toBe(invalid);
    for (const changed of ["x", after.slice(2), after.slice(0, -2), `${after.slice(0, -4)}AAAA`]) {
      expect(await refusalOf(ada.chat.listEvents({ conversationId: id, after: changed }))).toBe(invalid);
    }
    const tooLong = ada.chat.listEvents({ conversationId: id, after: "x".repeat(4097) });
    expect(await refusalOf(tooLong)).toBe(platformRefusal(platformErrors.INVALID_ARGUMENT));
  });

  test("beyond what is followed answers NOT_YET within its time", async () => {
    const id = await makeGroup([ada, bob]);
    const beyond = Buffer.alloc(14);
    beyond.writeBigUInt64BE(1_000_000n, 2);
    beyond.writeUInt32BE(1, 10);
    const sealer = createSealer(readFileSync(join(stack().dataDir, "keys", "seal.key")));
    const after = sealer.seal({ purpose: "after", holder: [ada.userId] }, beyond);
    const start = performance.now();
    expect(await refusalOf(ada.chat.listEvents({ conversationId: id, after }))).toBe(chatRefusal(chatErrors.NOT_YET));
    expect(performance.now() - start).toBeGreaterThan(1_900);
  });
});
