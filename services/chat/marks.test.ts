import { beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind, HistoryPolicy } from "#gen/parley/chat/v1/events_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { maxMembersWithMarks } from "./routes/marks.ts";
import {
  makeGroup,
  nothing,
  type Person,
  projected,
  refusalOf,
  say,
  sayAll,
  signIn,
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

const mark = ({ chat }: Person, conversationId: string, readSeq: bigint, deliveredSeq = 0n) =>
  chat.setMarks({ clientId: uuidv7(), conversationId, readSeq, deliveredSeq });
async function unreadOf({ chat }: Person, conversationId: string): Promise<number | undefined> {
  const { unread } = await chat.getUnread({ conversationIds: [conversationId] });
  const { conversation } = await chat.getConversation({ conversationId });
  expect(conversation?.unread).toEqual(unread[0]);
  return unread[0]?.count;
}

describe("marks", () => {
  test("rise and never fall, in whatever order they are set", async () => {
    const id = await makeGroup([ada, bob]);
    await sayAll(ada, id, ["2", "3", "4", "5"]);
    expect((await mark(bob, id, 3n)).marks).toMatchObject({ readSeq: 3n, deliveredSeq: 3n });
    expect((await mark(bob, id, 2n, 5n)).marks).toMatchObject({ readSeq: 3n, deliveredSeq: 5n });
    expect((await mark(bob, id, 0n, 1n)).marks).toMatchObject({ readSeq: 3n, deliveredSeq: 5n });
    await Promise.all([4n, 2n, 5n, 3n].map((seq) => mark(bob, id, seq)));
    expect((await mark(bob, id, 0n)).marks).toMatchObject({ readSeq: 5n, deliveredSeq: 5n });
  });

  test("beyond the head count as the head, however large", async () => {
    const id = await makeGroup([ada, bob]);
    for (const [index, huge] of [7n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n].entries()) {
      const { seq } = await say(ada, id, `message ${index}`);
      expect((await mark(bob, id, huge, huge)).marks).toMatchObject({ readSeq: seq, deliveredSeq: seq });
      await say(ada, id, "next");
      expect(await unreadOf(bob, id)).toBe(1);
      await mark(bob, id, seq + 1n);
    }
  });

  test("of the members are shown in conversations of at most a hundred, else one's own", async () => {
    const id = await makeGroup([ada, bob, cyd]);
    await say(ada, id, "hello");
    await mark(bob, id, 2n);
    const { marks } = await ada.chat.listMarks({ conversationId: id });
    expect(marks.map(({ userId, readSeq }) => [userId, readSeq])).toEqual([[bob.userId, 2n]]);
    const people = await Promise.all(Array.from({ length: maxMembersWithMarks - 2 }, () => signIn(stack())));
    const userIds = people.map(({ userId }) => userId);
    await ada.chat.addMembers({ clientId: uuidv7(), conversationId: id, userIds });
    const own = await ada.chat.listMarks({ conversationId: id });
    expect(own.marks.map(({ userId, readSeq }) => [userId, readSeq])).toEqual([[ada.userId, 0n]]);
  });

  test("that changed are listed for streams that resume", async () => {
    const dan = await signIn(stack());
    const id = await makeGroup([ada, dan]);
    await say(ada, id, "hello");
    await mark(dan, id, 2n);
    const peer = stack().inside(ChatService);
    const asService = callAs({ kind: "service", name: "delivery" });
    const { marks } = await peer.listChangedMarks({ userId: dan.userId }, asService);
    expect(marks).toMatchObject([{ conversationId: id, userId: dan.userId, readSeq: 2n }]);
  });
});

describe("unread", () => {
  test("counts what others posted after the mark, the last own message and the last join", async () => {
    const id = await makeGroup([ada, bob]);
    expect(await unreadOf(bob, id)).toBe(0);
    await sayAll(ada, id, ["2", "3", "4"]);
    for (const wait of [nothing, projected]) {
      await wait(stack());
      expect([await unreadOf(bob, id), await unreadOf(ada, id)]).toEqual([3, 0]);
    }
    expect((await mark(bob, id, 3n)).unread).toMatchObject({ count: 1, more: false });
    await ada.chat.editMessage({ clientId: uuidv7(), conversationId: id, targetSeq: 4n, content: { text: "4!" } });
    await ada.chat.updateConversation({ clientId: uuidv7(), conversationId: id, name: "renamed" });
    expect(await unreadOf(bob, id)).toBe(1);
    await say(bob, id, "mine");
    expect([await unreadOf(bob, id), await unreadOf(ada, id)]).toEqual([0, 1]);
    await say(ada, id, "yours");
    expect([await unreadOf(bob, id), await unreadOf(ada, id)]).toEqual([1, 0]);
  });

  test("leaves out what was deleted, read or not", async () => {
    const id = await makeGroup([ada, bob]);
    await sayAll(ada, id, ["2", "3", "4", "5"]);
    await mark(bob, id, 2n);
    const erase = (targetSeq: bigint) => ada.chat.deleteMessage({ clientId: uuidv7(), conversationId: id, targetSeq });
    await erase(3n);
    expect(await unreadOf(bob, id)).toBe(2);
    await erase(2n);
    expect(await unreadOf(bob, id)).toBe(2);
    await projected(stack());
    expect(await unreadOf(bob, id)).toBe(2);
    await erase(4n);
    await erase(5n);
    for (const wait of [nothing, projected]) {
      await wait(stack());
      expect(await unreadOf(bob, id)).toBe(0);
    }
  });

  test("of who left stays as it was, and begins anew where they come back", async () => {
    const id = await makeGroup([ada, bob], { history: HistoryPolicy.FROM_START });
    await sayAll(ada, id, ["2", "3"]);
    await ada.chat.removeMember({ clientId: uuidv7(), conversationId: id, userId: bob.userId });
    await sayAll(ada, id, ["5", "6", "7"]);
    expect(await unreadOf(bob, id)).toBe(2);
    await ada.chat.addMembers({ clientId: uuidv7(), conversationId: id, userIds: [bob.userId] });
    expect(await unreadOf(bob, id)).toBe(0);
    await say(ada, id, "9");
    expect(await unreadOf(bob, id)).toBe(1);
  });

  test("is told in the order of the request, and only of one's own conversations", async () => {
    const ids = await Promise.all([1, 2, 3].map(() => makeGroup([ada, bob])));
    for (const [index, id] of ids.entries()) await sayAll(ada, id, Array(index + 1).fill("hello"));
    const conversationIds = [2, 0, 1].map((index) => ids[index] ?? "");
    const { unread } = await bob.chat.getUnread({ conversationIds });
    expect(unread.map(({ count }) => count)).toEqual([3, 1, 2]);
    const foreign = await makeGroup([ada, cyd]);
    expect(await refusalOf(bob.chat.getUnread({ conversationIds: [...conversationIds, foreign] }))).toMatch(/CHAT/);
  });

  test("is exact to 9,999 and then says that there is more", async () => {
    const id = await makeGroup([ada, bob], { kind: ConversationKind.CHANNEL });
    await sayAll(ada, id, Array(9_999).fill("."));
    expect((await bob.chat.getUnread({ conversationIds: [id] })).unread).toMatchObject([{ count: 9_999, more: false }]);
    await say(ada, id, ".");
    expect((await bob.chat.getUnread({ conversationIds: [id] })).unread).toMatchObject([{ count: 9_999, more: true }]);
    await ada.chat.deleteMessage({ clientId: uuidv7(), conversationId: id, targetSeq: 500n });
    expect((await bob.chat.getUnread({ conversationIds: [id] })).unread).toMatchObject([{ count: 9_999, more: false }]);
  });
});
