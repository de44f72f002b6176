import { beforeAll, describe, expect, test } from "vitest";
import { ConversationKind, HistoryPolicy, PostingPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { newConversationId, uuidv7 } from "#platform/runtime/ids.ts";
import { chatErrors } from "./errors.ts";
import {
  chatRefusal,
  makeGroup,
  type Person,
  platformRefusal,
  refusalOf,
  say,
  signInAgain,
  signInThree,
  useStack,
} from "./testing/chatting.ts";

const { DIRECT, GROUP, CHANNEL } = ConversationKind;
const stack = useStack();
let ada: Person;
let bob: Person;
let cyd: Person;

beforeAll(async () => {
  [ada, bob, cyd] = await signInThree(stack());
});

describe("making a conversation", () => {
  const invalid = platformRefusal(platformErrors.INVALID_ARGUMENT);
  const others = () => [bob.userId];

  test.each([
    ["a direct one with a name", { kind: DIRECT, name: "x" }],
    ["a direct one with a policy", { kind: DIRECT, posting: PostingPolicy.ADMINS }],
    ["a direct one with a history", { kind: DIRECT, history: HistoryPolicy.FROM_START }],
    ["a group without a name", { kind: GROUP }],
    ["a channel without a name", { kind: CHANNEL }],
    ["one of no kind", { kind: ConversationKind.UNSPECIFIED, name: "x" }],
    ["one of an unknown kind", { kind: 77, name: "x" }],
    ["one with too long a name", { kind: GROUP, name: "x".repeat(257) }],
  ])("%s is refused", async (_, request) => {
    const call = ada.chat.createConversation({ clientId: uuidv7(), memberIds: others(), ...request });
    expect(await refusalOf(call)).toBe(invalid);
  });

  test("a direct one needs exactly one other person, who exists", async () => {
    const direct = (memberIds: string[]) =>
      refusalOf(ada.chat.createConversation({ clientId: uuidv7(), kind: DIRECT, memberIds }));
    expect(await direct([])).toBe(invalid);
    expect(await direct([ada.userId])).toBe(invalid);
    expect(await direct([bob.userId, cyd.userId])).toBe(invalid);
    expect(await direct([uuidv7()])).toBe(chatRefusal(chatErrors.USER_NOT_FOUND));
    expect(await direct(["bob"])).toBe(invalid);
  });

  test("the creator owns a group; in a direct one both are members", async () => {
    const group = await ada.chat.createConversation({
      clientId: uuidv7(),
      kind: GROUP,
      name: "n",
      memberIds: others(),
    });
    expect(group.conversation).toMatchObject({
      kind: GROUP,
      name: "n",
      posting: PostingPolicy.MEMBERS,
      history: HistoryPolicy.FROM_JOIN,
      role: Role.OWNER,
      memberCount: 2,
      headSeq: 1n,
      peerId: "",
      unread: { count: 0, more: false },
    });
    const direct = await ada.chat.createConversation({ clientId: uuidv7(), kind: DIRECT, memberIds: others() });
    const conversationId = direct.conversation?.conversationId ?? "";
    expect(direct.conversation).toMatchObject({ role: Role.MEMBER, memberCount: 2, peerId: bob.userId });
    const seen = await bob.chat.getConversation({ conversationId });
    expect(seen.conversation).toMatchObject({ role: Role.MEMBER, peerId: ada.userId });
  });

  test("a hundred repetitions at once make one", async () => {
    const request = { clientId: uuidv7(), kind: GROUP, name: "once", memberIds: others() };
    const made = await Promise.all(Array.from({ length: 100 }, () => ada.chat.createConversation(request)));
    expect(new Set(made.map(({ conversation }) => conversation?.conversationId)).size).toBe(1);
    expect(made[0]?.conversation?.headSeq).toBe(1n);
  });

  test("the same client id with other content is refused; another device's is another", async () => {
    const request = { clientId: uuidv7(), kind: GROUP, name: "one", memberIds: others() };
    await ada.chat.createConversation(request);
    const reused = ada.chat.createConversation({ ...request, name: "two" });
    expect(await refusalOf(reused)).toBe(chatRefusal(chatErrors.CLIENT_ID_REUSED));
    const laptop = await signInAgain(stack(), ada.userId);
    expect(await refusalOf(laptop.chat.createConversation({ ...request, name: "two" }))).toBe("done");
  });

  test("a pair has one direct conversation, though both make it at once, from several devices", async () => {
    const [dan, eve] = await signInThree(stack());
    const devices = await Promise.all([dan, eve, dan, eve].map(({ userId }) => signInAgain(stack(), userId)));
    const peers = new Map([
      [dan.userId, eve.userId],
      [eve.userId, dan.userId],
    ]);
    const made = await Promise.all(
      devices.flatMap((device) =>
        [1, 2, 3].map(() =>
          device.chat.createConversation({
            clientId: uuidv7(),
            kind: DIRECT,
            memberIds: [peers.get(device.userId) ?? ""],
          }),
        ),
      ),
    );
    const ids = new Set(made.map(({ conversation }) => conversation?.conversationId));
    expect(ids.size).toBe(1);
    const [conversationId = ""] = ids;
    const { events } = await dan.chat.listEvents({ conversationId });
    expect(events.map(({ body }) => body.case)).toEqual(["conversationCreated"]);
    expect(made.every(({ conversation }) => conversation?.headSeq === 1n)).toBe(true);
  });
});

describe("the list of conversations", () => {
  test("has the latest event first, page by page, without those that were left", async () => {
    const [dan, eve] = await signInThree(stack());
    const ids: string[] = [];
    for (let count = 0; count < 7; count++) ids.push(await makeGroup([dan, eve]));
    for (const id of [ids[2], ids[5]]) await say(eve, id ?? "", "hello");
    await eve.chat.removeMember({ clientId: uuidv7(), conversationId: ids[0] ?? "", userId: eve.userId });
    await say(dan, ids[0] ?? "", "to nobody");
    const pages = async (person: Person, pageSize: number) => {
      const found = [];
      for (let pageToken = ""; ; ) {
        const { conversations, nextPageToken } = await person.chat.listConversations({ pageSize, pageToken });
        expect(conversations.length).toBeLessThanOrEqual(pageSize);
        found.push(...conversations);
        if (nextPageToken === "") return found;
        pageToken = nextPageToken;
      }
    };
    const seen = await pages(eve, 2);
    expect(seen.map(({ conversationId }) => ids.indexOf(conversationId))).toEqual([5, 2, 6, 4, 3, 1]);
    expect((await pages(eve, 100)).map(({ conversationId }) => conversationId)).toEqual(
      seen.map(({ conversationId }) => conversationId),
    );
    expect(seen[0]).toMatchObject({ headSeq: 2n, lastEvent: { seq: 2n }, unread: { count: 0 } });
    const danSees = await pages(dan, 3);
    expect(danSees.map(({ conversationId }) => ids.indexOf(conversationId))).toEqual([0, 5, 2, 6, 4, 3, 1]);
    expect(danSees.map(({ unread }) => unread?.count)).toEqual([0, 1, 1, 0, 0, 0, 0]);
  });

  test("takes no page token of somebody else, nor a changed one", async () => {
    await Promise.all([makeGroup([ada, bob]), makeGroup([ada, bob])]);
    const { nextPageToken } = await ada.chat.listConversations({ pageSize: 1 });
    expect(nextPageToken).not.toBe("");
    const wrong = chatRefusal(chatErrors.INVALID_TOKEN);
    expect(await refusalOf(bob.chat.listConversations({ pageToken: nextPageToken }))).toBe(wrong);
    for (const pageToken of ["x", nextPageToken.slice(1), `${nextPageToken.slice(0, -4)}AAAA`]) {
      expect(await refusalOf(ada.chat.listConversations({ pageToken }))).toBe(wrong);
    }
    for (const pageSize of [-1, 101]) {
      expect(await refusalOf(ada.chat.listConversations({ pageSize }))).toBe(
        platformRefusal(platformErrors.INVALID_ARGUMENT),
      );
    }
  });
});

describe("a conversation that one is not in", () => {
  test("answers as one that does not exist, on whatever shard", async () => {
    const foreign = await makeGroup([ada, bob]);
    const { seq } = await say(ada, foreign, "secret");
    const refusals = new Set<string>();
    const clientId = () => uuidv7();
    const messages: string[] = [];
    const note = async (call: Promise<unknown>) => {
      refusals.add(await refusalOf(call));
      await call.catch((error: unknown) => messages.push(String(error)));
    };
    for (const conversationId of [foreign, newConversationId(1), newConversationId(4), newConversationId(65_535)]) {
      const content = { text: "hello" };
      await note(cyd.chat.getConversation({ conversationId }));
      await note(cyd.chat.listEvents({ conversationId }));
      await note(cyd.chat.listMessages({ conversationId }));
      await note(cyd.chat.listMembers({ conversationId }));
      await note(cyd.chat.listMarks({ conversationId }));
      await note(cyd.chat.getUnread({ conversationIds: [conversationId] }));
      await note(cyd.chat.setMarks({ clientId: clientId(), conversationId, readSeq: 1n }));
      await note(cyd.chat.sendMessage({ clientId: clientId(), conversationId, content }));
      await note(cyd.chat.editMessage({ clientId: clientId(), conversationId, targetSeq: seq, content }));
      await note(cyd.chat.deleteMessage({ clientId: clientId(), conversationId, targetSeq: seq }));
      await note(cyd.chat.addMembers({ clientId: clientId(), conversationId, userIds: [cyd.userId] }));
      await note(cyd.chat.removeMember({ clientId: clientId(), conversationId, userId: ada.userId }));
      await note(cyd.chat.changeRole({ clientId: clientId(), conversationId, userId: cyd.userId, role: Role.OWNER }));
      await note(cyd.chat.updateConversation({ clientId: clientId(), conversationId, name: "mine" }));
    }
    expect(refusals).toEqual(new Set([chatRefusal(chatErrors.NOT_A_MEMBER)]));
    expect(new Set(messages).size).toBe(1);
    const batch = cyd.chat.sendMessages({
      conversationId: foreign,
      items: [{ clientId: clientId(), content: { text: "hello" } }],
    });
    expect((await batch).results[0]?.outcome).toMatchObject({
      case: "refused",
      value: { reason: chatErrors.NOT_A_MEMBER.reason, retryable: false },
    });
    expect((await ada.chat.getConversation({ conversationId: foreign })).conversation?.headSeq).toBe(2n);
  });

  test.each(["", "short", "x".repeat(25), "A".repeat(23).concat("=")])("has no id like %j", async (conversationId) => {
    expect(await refusalOf(cyd.chat.getConversation({ conversationId }))).toBe(
      platformRefusal(platformErrors.INVALID_ARGUMENT),
    );
  });
});

test("a person who is named twice is one member", async () => {
  const twice = [bob.userId, bob.userId.toUpperCase()];
  const made = await ada.chat.createConversation({ clientId: uuidv7(), kind: GROUP, name: "n", memberIds: twice });
  expect(made.conversation?.memberCount).toBe(2);
  const conversationId = made.conversation?.conversationId ?? "";
  const userIds = [cyd.userId, cyd.userId.toUpperCase()];
  await ada.chat.addMembers({ clientId: uuidv7(), conversationId, userIds });
  expect((await ada.chat.getConversation({ conversationId })).conversation?.memberCount).toBe(3);
});
