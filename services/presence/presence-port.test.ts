import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { PresenceErrorReason, PresenceErrorSchema } from "#gen/parley/presence/v1/errors_pb.js";
import { PresenceService, Status, type Typing, TypingSchema } from "#gen/parley/presence/v1/presence_pb.js";
import { Audience, UserService } from "#gen/parley/user/v1/user_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { type Stack, startStack, type TestUser } from "../testing/stack.ts";

let stack: Stack;
let ada: TestUser;
let bob: TestUser;

beforeAll(async () => {
  stack = await startStack();
  [ada, bob] = await Promise.all([stack.registerUser("ada"), stack.registerUser("bob")]);
});

afterAll(() => stack.stop());

const setStatus = (who: TestUser, status: Status) =>
  who.client(PresenceService).setStatus({ clientId: uuidv7(), status });

async function statusSeenBy(reader: TestUser, of: TestUser): Promise<Status | undefined> {
  return (await reader.client(PresenceService).getPresence({ userIds: [of.userId] })).presences[0]?.status;
}

test("a status is seen by others until its owner hides it, then at once by nobody", async () => {
  expect(await statusSeenBy(bob, ada)).toBe(Status.UNSPECIFIED);
  await setStatus(ada, Status.AWAY);
  await setStatus(bob, Status.ONLINE);
  expect(await statusSeenBy(bob, ada)).toBe(Status.AWAY);
  const told: Uint8Array[] = [];
  stack.boot.bus.subscribe("presence", (payload) => told.push(payload));
  await ada.client(UserService).setPrivacy({ clientId: uuidv7(), privacy: { lastSeen: Audience.NOBODY } });
  await until(() => (told.length === 1 ? "" : "the change was not told"));
  expect(await statusSeenBy(bob, ada)).toBe(Status.UNSPECIFIED);
  expect(await statusSeenBy(ada, bob)).toBe(Status.UNSPECIFIED);
  expect(await statusSeenBy(ada, ada)).toBe(Status.AWAY);
});

test("typing in a conversation is told, elsewhere it is refused with its reason", async () => {
  const typings: Typing[] = [];
  stack.boot.bus.subscribe("typing", (payload) => typings.push(fromBinary(TypingSchema, payload)));
  const { conversation } = await ada.client(ChatService).createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.DIRECT,
    memberIds: [bob.userId],
  });
  const conversationId = conversation?.conversationId ?? "";
  await bob.client(PresenceService).setTyping({ clientId: uuidv7(), conversationId, typing: true });
  await until(() => (typings.length === 1 ? "" : "typing was not told"));
  expect(typings).toMatchObject([{ conversationId, userId: bob.userId, typing: true }]);
  const eve = await stack.registerUser("eve");
  const call = eve.client(PresenceService).setTyping({ clientId: uuidv7(), conversationId, typing: true });
  const failure = ConnectError.from(await call.catch((error: unknown) => error));
  expect(failure.code).toBe(Code.PermissionDenied);
  expect(failure.findDetails(PresenceErrorSchema)).toMatchObject([{ reason: PresenceErrorReason.NOT_A_MEMBER }]);
});

test("what breaks the contract is refused", async () => {
  const asAda = ada.client(PresenceService);
  const invalid = { code: Code.InvalidArgument };
  await expect(setStatus(ada, Status.OFFLINE)).rejects.toMatchObject(invalid);
  await expect(setStatus(ada, Status.UNSPECIFIED)).rejects.toMatchObject(invalid);
  await expect(asAda.getPresence({ userIds: [] })).rejects.toMatchObject(invalid);
  const tooMany = Array.from({ length: 201 }, () => uuidv7());
  await expect(asAda.getPresence({ userIds: tooMany })).rejects.toMatchObject(invalid);
  await expect(asAda.setTyping({ clientId: uuidv7(), conversationId: "x" })).rejects.toMatchObject(invalid);
  const device = { userId: bob.userId, status: Status.ONLINE };
  for (const announced of [asAda.announce(device), asAda.announceDevices({ devices: [device] })]) {
    await expect(announced).rejects.toMatchObject({ code: Code.PermissionDenied });
  }
});
