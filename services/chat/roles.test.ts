import { beforeAll, describe, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ConversationKind, PostingPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callAs } from "#platform/rpc/identity.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { chatErrors } from "./errors.ts";
import {
  chatRefusal,
  makeGroup,
  type Person,
  platformRefusal,
  refusalOf,
  say,
  signIn,
  signInThree,
  useStack,
} from "./testing/chatting.ts";

const stack = useStack();
let owner: Person;
let admin: Person;
let member: Person;
let other: Person;
let outsider: Person;

beforeAll(async () => {
  [owner, admin, member] = await signInThree(stack());
  [other, outsider] = await Promise.all([signIn(stack()), signIn(stack())]);
});

const tooLow = chatRefusal(chatErrors.ROLE_TOO_LOW);
const wrongKind = chatRefusal(chatErrors.WRONG_KIND);
const notAMember = chatRefusal(chatErrors.NOT_A_MEMBER);
const lastOwner = chatRefusal(chatErrors.LAST_OWNER);

const add = (by: Person, conversationId: string, ...added: Person[]) =>
  refusalOf(by.chat.addMembers({ clientId: uuidv7(), conversationId, userIds: added.map(({ userId }) => userId) }));
const remove = (by: Person, conversationId: string, { userId }: Person) =>
  refusalOf(by.chat.removeMember({ clientId: uuidv7(), conversationId, userId }));
const change = (by: Person, conversationId: string, { userId }: Person, role: Role) =>
  refusalOf(by.chat.changeRole({ clientId: uuidv7(), conversationId, userId, role }));
const rename = (by: Person, conversationId: string) =>
  refusalOf(by.chat.updateConversation({ clientId: uuidv7(), conversationId, name: `by ${by.userId}` }));
const erase = (by: Person, conversationId: string, targetSeq: bigint) =>
  refusalOf(by.chat.deleteMessage({ clientId: uuidv7(), conversationId, targetSeq }));
const edit = (by: Person, conversationId: string, targetSeq: bigint) =>
  refusalOf(by.chat.editMessage({ clientId: uuidv7(), conversationId, targetSeq, content: { text: "edited" } }));
const headOf = async (conversationId: string) =>
  (await owner.chat.getConversation({ conversationId })).conversation?.headSeq;

/** A conversation with somebody of each role, and another member. */
async function makeRanked(kind = ConversationKind.GROUP, posting = PostingPolicy.MEMBERS): Promise<string> {
  const id = await makeGroup([owner, admin, member, other], { kind, posting });
  expect(await change(owner, id, admin, Role.ADMIN)).toBe("done");
  return id;
}

describe.each([
  ["group", ConversationKind.GROUP],
  ["channel", ConversationKind.CHANNEL],
])("in a %s", (_, kind) => {
  test("owners and admins add people, members do not; who is there already stays as they are", async () => {
    const id = await makeRanked(kind);
    expect(await add(member, id, outsider)).toBe(tooLow);
    expect(await add(outsider, id, outsider)).toBe(notAMember);
    const head = await headOf(id);
    expect([await add(owner, id, admin, member), await headOf(id)]).toEqual(["done", head]);
    expect(await add(admin, id, outsider, member)).toBe("done");
    const { members } = await owner.chat.listMembers({ conversationId: id });
    const roles = new Map(members.map(({ userId, role }) => [userId, role]));
    expect(roles).toEqual(
      new Map([
        [owner.userId, Role.OWNER],
        [admin.userId, Role.ADMIN],
        [member.userId, Role.MEMBER],
        [other.userId, Role.MEMBER],
        [outsider.userId, Role.MEMBER],
      ]),
    );
    expect(members.map(({ userId }) => userId)).toEqual([...roles.keys()].sort());
  });

  test("people who do not exist are not added", async () => {
    const id = await makeRanked(kind);
    const call = owner.chat.addMembers({
      clientId: uuidv7(),
      conversationId: id,
      userIds: [outsider.userId, uuidv7()],
    });
    expect(await refusalOf(call)).toBe(chatRefusal(chatErrors.USER_NOT_FOUND));
    expect((await owner.chat.listMembers({ conversationId: id })).members).toHaveLength(4);
  });

  test("owners and admins remove people, an admin no owner, a member only themselves", async () => {
    const id = await makeRanked(kind);
    expect(await remove(member, id, other)).toBe(tooLow);
    expect(await remove(admin, id, owner)).toBe(tooLow);
    expect(await remove(outsider, id, member)).toBe(notAMember);
    expect(await remove(admin, id, other)).toBe("done");
    const head = await headOf(id);
    expect([await remove(admin, id, other), await headOf(id)]).toEqual(["done", head]);
    expect(await remove(member, id, member)).toBe("done");
    expect(await refusalOf(say(member, id, "still here?"))).toBe(notAMember);
    expect(await remove(owner, id, admin)).toBe("done");
  });

  test("owners alone change roles", async () => {
    const id = await makeRanked(kind);
    for (const by of [admin, member]) expect(await change(by, id, by, Role.OWNER)).toBe(tooLow);
    expect(await change(outsider, id, outsider, Role.OWNER)).toBe(notAMember);
    const head = await headOf(id);
    expect([await change(owner, id, admin, Role.ADMIN), await headOf(id)]).toEqual(["done", head]);
    expect(await change(owner, id, outsider, Role.ADMIN)).toBe(chatRefusal(chatErrors.USER_NOT_FOUND));
    expect(await change(owner, id, member, Role.UNSPECIFIED)).toBe(platformRefusal(platformErrors.INVALID_ARGUMENT));
    expect(await change(owner, id, member, Role.OWNER)).toBe("done");
    expect(await change(member, id, owner, Role.MEMBER)).toBe("done");
  });

  test("owners and admins rename and set who may post", async () => {
    const id = await makeRanked(kind);
    expect([await rename(member, id), await rename(outsider, id)]).toEqual([tooLow, notAMember]);
    expect([await rename(admin, id), await rename(owner, id)]).toEqual(["done", "done"]);
    const head = await headOf(id);
    expect([await rename(owner, id), await headOf(id)]).toEqual(["done", head]);
    const posting = PostingPolicy.ADMINS;
    await admin.chat.updateConversation({ clientId: uuidv7(), conversationId: id, posting });
    const { conversation } = await member.chat.getConversation({ conversationId: id });
    expect(conversation).toMatchObject({ name: `by ${owner.userId}`, posting });
  });

  test("where admins alone post, members neither post nor edit, but delete their own", async () => {
    const id = await makeRanked(kind);
    const { seq } = await say(member, id, "mine");
    const posting = PostingPolicy.ADMINS;
    await owner.chat.updateConversation({ clientId: uuidv7(), conversationId: id, posting });
    expect(await refusalOf(say(member, id, "more"))).toBe(tooLow);
    expect(await edit(member, id, seq)).toBe(tooLow);
    for (const by of [admin, owner]) expect(await refusalOf(say(by, id, "hello"))).toBe("done");
    expect(await erase(member, id, seq)).toBe("done");
  });

  test("authors edit their own messages, nobody else's; admins and owners delete any", async () => {
    const id = await makeRanked(kind);
    const by = {
      owner: await say(owner, id, "o"),
      member: await say(member, id, "m"),
      other: await say(other, id, "x"),
    };
    for (const person of [owner, admin, other]) expect(await edit(person, id, by.member.seq)).toBe(tooLow);
    expect(await edit(member, id, by.member.seq)).toBe("done");
    expect(await erase(member, id, by.other.seq)).toBe(tooLow);
    expect(await erase(admin, id, by.owner.seq)).toBe("done");
    expect(await erase(owner, id, by.other.seq)).toBe("done");
    expect(await erase(outsider, id, by.member.seq)).toBe(notAMember);
  });

  test("the last owner neither leaves nor steps down while others are there", async () => {
    const id = await makeRanked(kind);
    expect(await remove(owner, id, owner)).toBe(lastOwner);
    expect(await change(owner, id, owner, Role.ADMIN)).toBe(lastOwner);
    expect(await change(owner, id, admin, Role.OWNER)).toBe("done");
    expect(await change(owner, id, owner, Role.MEMBER)).toBe("done");
    expect(await remove(admin, id, admin)).toBe(lastOwner);
    expect(await change(admin, id, member, Role.OWNER)).toBe("done");
    expect(await remove(admin, id, admin)).toBe("done");
  });

  test("an owner who is alone may leave, but not step down: somebody must be able to bring others in", async () => {
    const id = await makeGroup([owner], { kind });
    expect(await change(owner, id, owner, Role.MEMBER)).toBe(lastOwner);
    expect(await remove(owner, id, owner)).toBe("done");
    expect(await refusalOf(say(owner, id, "hello"))).toBe(notAMember);
  });
});

describe("in a direct conversation", () => {
  test("both post, edit and delete their own; nobody is added, removed, promoted, and nothing is renamed", async () => {
    const made = await owner.chat.createConversation({
      clientId: uuidv7(),
      kind: ConversationKind.DIRECT,
      memberIds: [member.userId],
    });
    const id = made.conversation?.conversationId ?? "";
    const { seq } = await say(owner, id, "hello");
    expect(await edit(owner, id, seq)).toBe("done");
    expect([await edit(member, id, seq), await erase(member, id, seq)]).toEqual([tooLow, tooLow]);
    for (const by of [owner, member]) {
      expect(await add(by, id, other)).toBe(wrongKind);
      expect(await remove(by, id, by)).toBe(wrongKind);
      expect(await change(by, id, by, Role.OWNER)).toBe(wrongKind);
      expect(await rename(by, id)).toBe(wrongKind);
    }
    expect(await erase(owner, id, seq)).toBe("done");
  });
});

test("who was removed and who races them to post: nothing of theirs stands behind the removal", async () => {
  const id = await makeRanked();
  const posts = Array.from({ length: 40 }, (_, index) => refusalOf(say(member, id, `message ${index}`)));
  await remove(owner, id, member);
  const results = new Set(await Promise.all(posts));
  for (const result of results) expect(["done", notAMember]).toContain(result);
  const { events } = await owner.chat.listEvents({ conversationId: id });
  const removal = events.findIndex(({ body }) => body.case === "memberRemoved");
  expect(events.slice(removal).filter(({ authorId }) => authorId === member.userId)).toEqual([]);
});

test("a group takes a thousand members and not one more; a channel takes more", async () => {
  const auth = stack().inside(AuthService);
  const people: string[] = [];
  for (let batch = 0; batch < 10; batch++) {
    const accounts = Array.from({ length: 100 }, () => ({ externalId: uuidv7(), displayName: "somebody" }));
    const made = await auth.createAccounts({ clientId: uuidv7(), accounts }, callAs({ kind: "operator" }));
    people.push(...made.userIds);
  }
  const addAll = async (conversationId: string, userIds: string[]) =>
    refusalOf(owner.chat.addMembers({ clientId: uuidv7(), conversationId, userIds }));
  for (const [kind, last] of [
    [ConversationKind.GROUP, chatRefusal(chatErrors.TOO_MANY_MEMBERS)],
    [ConversationKind.CHANNEL, "done"],
  ] as const) {
    const id = await makeGroup([owner], { kind });
    for (let start = 0; start < 900; start += 100) await addAll(id, people.slice(start, start + 100));
    expect(await addAll(id, people.slice(900, 999))).toBe("done");
    expect((await owner.chat.getConversation({ conversationId: id })).conversation?.memberCount).toBe(1000);
    expect(await addAll(id, people.slice(999, 1000))).toBe(last);
    const found: string[] = [];
    for (let pageToken = ""; ; ) {
      const { members, nextPageToken } = await owner.chat.listMembers({ conversationId: id, pageSize: 300, pageToken });
      found.push(...members.map(({ userId }) => userId));
      if (nextPageToken === "") break;
      pageToken = nextPageToken;
    }
    expect(found).toEqual([owner.userId, ...people.slice(0, last === "done" ? 1000 : 999)].sort());
  }
});
