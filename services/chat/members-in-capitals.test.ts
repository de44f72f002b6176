import { expect, test } from "vitest";
import { ConversationKind, Role } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { makeGroup, type Person, signInThree, useStack } from "./testing/chatting.ts";

const stack = useStack();

const rolesIn = async ({ chat }: Person, conversationId: string) =>
  new Map((await chat.listMembers({ conversationId })).members.map(({ userId, role }) => [userId, role]));

test("whoever is named in capitals is the same person", async () => {
  const [owner, member, other] = await signInThree(stack());
  const inCapitals = ({ userId }: Person) => userId.toUpperCase();
  const conversationId = await makeGroup([owner]);
  const { chat } = owner;
  await chat.addMembers({ clientId: uuidv7(), conversationId, userIds: [inCapitals(member)] });
  await chat.changeRole({ clientId: uuidv7(), conversationId, userId: inCapitals(member), role: Role.ADMIN });
  expect((await rolesIn(owner, conversationId)).get(member.userId)).toBe(Role.ADMIN);
  await chat.removeMember({ clientId: uuidv7(), conversationId, userId: inCapitals(member) });
  expect([...(await rolesIn(owner, conversationId)).keys()]).toEqual([owner.userId]);

  const direct = { kind: ConversationKind.DIRECT, memberIds: [inCapitals(other)] };
  const { conversation } = await chat.createConversation({ clientId: uuidv7(), ...direct });
  expect(conversation?.peerId).toBe(other.userId);
});
