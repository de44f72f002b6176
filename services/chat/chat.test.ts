import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { joinStack } from "../testing/joined-stack.ts";
import type { Stack, TestUser } from "../testing/stack.ts";

let stack: Stack;
let ada: TestUser;
let bob: TestUser;

beforeAll(async () => {
  stack = await joinStack();
  [ada, bob] = [await stack.registerUser("ada"), await stack.registerUser("bob")];
});
afterAll(() => stack.stop());

test("two people talk, and both read the same history", async () => {
  const { conversation, after } = await ada.client(ChatService).createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.DIRECT,
    memberIds: [bob.userId],
  });
  const conversationId = conversation?.conversationId ?? "";
  const sent = await ada.client(ChatService).sendMessage({
    clientId: uuidv7(),
    conversationId,
    content: { text: "hello" },
  });
  expect(sent).toMatchObject({ seq: 2n, messageCount: 1n, duplicate: false });
  for (const user of [ada, bob]) {
    const history = await user.client(ChatService).listMessages({ conversationId });
    expect(history.messages.map((message) => message.content?.text)).toEqual(["hello"]);
  }
  const unread = await bob.client(ChatService).getUnread({ conversationIds: [conversationId] });
  expect(unread.unread[0]).toMatchObject({ count: 1, more: false });
  void create;
  void after;
});
