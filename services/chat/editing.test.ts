import { beforeAll, describe, expect, test } from "vitest";
import { platformErrors } from "#platform/rpc/errors.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
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
  signInThree,
  useStack,
} from "./testing/chatting.ts";

const stack = useStack();
let ada: Person;
let bob: Person;

beforeAll(async () => {
  [ada, bob] = await signInThree(stack());
});

const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const content = (text: string) => ({ text });

describe("editing", () => {
  test("shows the new content in messages and both in events", async () => {
    const id = await makeGroup([ada, bob]);
    const { seq, messageCount } = await say(ada, id, "first");
    const edited = await ada.chat.editMessage({
      clientId: uuidv7(),
      conversationId: id,
      targetSeq: seq,
      content: content("second"),
    });
    expect(edited.seq).toBe(3n);
    for (const wait of [nothing, projected]) {
      await wait(stack());
      const { messages } = await bob.chat.listMessages({ conversationId: id });
      expect(messages).toMatchObject([{ seq, messageCount, content: { text: "second" }, deleted: false }]);
      expect(messages[0]?.editedAt).toBeDefined();
      const { events } = await bob.chat.listEvents({ conversationId: id });
      expect(events.map(({ body }) => body.case)).toEqual(["conversationCreated", "messagePosted", "messageEdited"]);
      expect(events[2]?.messageCount).toBe(1n);
    }
  });

  test("is refused for what is no message, not visible, or deleted", async () => {
    const id = await makeGroup([ada, bob]);
    const edit = (targetSeq: bigint) =>
      refusalOf(ada.chat.editMessage({ clientId: uuidv7(), conversationId: id, targetSeq, content: content("x") }));
    const { seq } = await say(ada, id, "first");
    const notFound = chatRefusal(chatErrors.MESSAGE_NOT_FOUND);
    for (const target of [1n, 9n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) expect(await edit(target)).toBe(notFound);
    expect(await edit(0n)).toBe(platformRefusal(platformErrors.INVALID_ARGUMENT));
    await ada.chat.deleteMessage({ clientId: uuidv7(), conversationId: id, targetSeq: seq });
    expect(await edit(seq)).toBe(chatRefusal(chatErrors.MESSAGE_DELETED));
    await ada.chat.removeMember({ clientId: uuidv7(), conversationId: id, userId: bob.userId });
    const { seq: unseen } = await say(ada, id, "later");
    await ada.chat.addMembers({ clientId: uuidv7(), conversationId: id, userIds: [bob.userId] });
    const erase = bob.chat.deleteMessage({ clientId: uuidv7(), conversationId: id, targetSeq: unseen });
    expect(await refusalOf(erase)).toBe(notFound);
  });

  test("and deleting at once leaves no content behind", async () => {
    const id = await makeGroup([ada, bob]);
    const { seq: targetSeq } = await say(ada, id, "secret");
    const request = () => ({ clientId: uuidv7(), conversationId: id, targetSeq });
    await Promise.all([
      ...span(1, 10).map((turn) =>
        refusalOf(ada.chat.editMessage({ ...request(), content: content(`secret ${turn}`) })),
      ),
      ada.chat.deleteMessage(request()),
      ...span(1, 10).map((turn) =>
        refusalOf(ada.chat.editMessage({ ...request(), content: content(`secret ${turn}`) })),
      ),
    ]);
    for (const wait of [nothing, projected]) {
      await wait(stack());
      const { events } = await bob.chat.listEvents({ conversationId: id });
      expect(events.filter(({ body }) => body.case === "messageDeleted")).toHaveLength(1);
      expect(events.some(({ body }) => body.case === "messagePosted" || body.case === "messageEdited")).toBe(false);
    }
  });
});

describe("deleting", () => {
  test("leaves tombstones of the message and its edits, with their numbers and times", async () => {
    const id = await makeGroup([ada, bob]);
    const first = await say(ada, id, "secret one");
    await ada.chat.editMessage({
      clientId: uuidv7(),
      conversationId: id,
      targetSeq: first.seq,
      content: content("secret two"),
    });
    await say(bob, id, "kept");
    const before = await bob.chat.listEvents({ conversationId: id });
    const request = { clientId: uuidv7(), conversationId: id, targetSeq: first.seq };
    expect((await ada.chat.deleteMessage(request)).seq).toBe(5n);
    expect((await ada.chat.deleteMessage(request)).seq).toBe(5n);
    expect((await ada.chat.deleteMessage({ ...request, clientId: uuidv7() })).seq).toBe(5n);
    for (const wait of [nothing, projected]) {
      await wait(stack());
      const { events } = await bob.chat.listEvents({ conversationId: id });
      expect(events.map(({ body }) => body.case)).toEqual([
        "conversationCreated",
        "tombstone",
        "tombstone",
        "messagePosted",
        "messageDeleted",
      ]);
      expect(events.slice(1, 3).map(({ body }) => body.value)).toMatchObject([{ targetSeq: 2n }, { targetSeq: 2n }]);
      expect(events.slice(0, 4).map(({ time, messageCount }) => [time, messageCount])).toEqual(
        before.events.map(({ time, messageCount }) => [time, messageCount]),
      );
      const { messages } = await bob.chat.listMessages({ conversationId: id, anchor: { case: "afterSeq", value: 0n } });
      expect(messages.map(({ seq, deleted }) => [seq, deleted])).toEqual([
        [2n, true],
        [4n, false],
      ]);
      expect(messages[0]).toMatchObject({ authorId: ada.userId, messageCount: 1n });
      expect([messages[0]?.content, messages[0]?.editedAt]).toEqual([undefined, undefined]);
    }
  });

  test("keeps the client id: sending it again posts nothing", async () => {
    const id = await makeGroup([ada, bob]);
    const request = { clientId: uuidv7(), conversationId: id, content: content("once") };
    const { seq } = await ada.chat.sendMessage(request);
    await ada.chat.deleteMessage({ clientId: uuidv7(), conversationId: id, targetSeq: seq });
    await projected(stack());
    expect(await ada.chat.sendMessage(request)).toMatchObject({ seq, duplicate: true });
    expect((await ada.chat.getConversation({ conversationId: id })).conversation?.headSeq).toBe(3n);
  });
});
