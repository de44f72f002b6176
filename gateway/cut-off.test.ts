import { afterAll, beforeAll, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { CloseReason, DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { until } from "#platform/testing/until.ts";
import { modules, storeMigrations } from "../services/modules.ts";
import { type Stack, startStack } from "../services/testing/stack.ts";
import { Frames } from "./testing/frames.ts";

/** Promised for sessions that are revoked and members who are removed. */
const cutOffMs = 5_000;

let stack: Stack;

/** Nothing that is published reaches anybody: the bus promises nothing. */
beforeAll(async () => {
  const deaf = modules.map((module) => ({
    ...module,
    start: (boot: Parameters<typeof module.start>[0]) =>
      module.start({ ...boot, bus: { ...boot.bus, publish: () => {} } }),
  }));
  stack = await startStack({}, { modules: deaf, storeMigrations });
}, 30_000);

afterAll(() => stack.stop());

test("without a bus, a session that ends is cut off within 5 s, and the streams of others are not", async () => {
  const [ann, ben] = [await stack.registerUser("ann"), await stack.registerUser("ben")];
  const streams = [ann, ben].map(
    (user) => new Frames((signal) => user.client(DeliveryService).subscribe({}, { signal })),
  );
  for (const stream of streams) await stream.find("caughtUp");
  await ann.client(AuthService).logOut({ clientId: uuidv7() });
  const endedAt = performance.now();
  const closed = await streams[0]?.find("closed");
  expect(closed?.value.reason).toBe(CloseReason.SESSION_ENDED);
  expect(performance.now() - endedAt).toBeLessThan(cutOffMs);
  const conversation = { clientId: uuidv7(), kind: ConversationKind.GROUP, name: "of ben", memberIds: [] };
  await ben.client(ChatService).createConversation(conversation);
  await streams[1]?.find("joined");
  await streams[1]?.end();
}, 30_000);

test("without a bus, a session that has ended begins no stream, though calls of its may go on for a while", async () => {
  const eve = await stack.registerUser("eve");
  await eve.client(AuthService).logOut({ clientId: uuidv7() });
  const endedAt = performance.now();
  const opened = () => {
    const stream = new Frames((signal) => eve.client(DeliveryService).subscribe({}, { signal }));
    return stream.find("caughtUp").finally(() => stream.end());
  };
  await until(() =>
    opened().then(
      () => "it begins",
      () => "",
    ),
  );
  expect(performance.now() - endedAt).toBeLessThan(cutOffMs / 2);
  expect((await failureOf(opened())).reason).toBe(PlatformErrorReason.SESSION_REVOKED);
}, 30_000);

test("without a bus, a member who is removed is told at once, and nothing later", async () => {
  const [cat, dan] = [await stack.registerUser("cat"), await stack.registerUser("dan")];
  const chat = cat.client(ChatService);
  const { conversation } = await chat.createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.GROUP,
    name: "us",
    memberIds: [dan.userId],
  });
  const conversationId = conversation?.conversationId ?? "";
  const stream = new Frames((signal) => dan.client(DeliveryService).subscribe({}, { signal }));
  await stream.find("caughtUp");
  await chat.removeMember({ clientId: uuidv7(), conversationId, userId: dan.userId });
  const removedAt = performance.now();
  await chat.sendMessage({ clientId: uuidv7(), conversationId, content: { text: "without you" } });
  expect((await stream.find("event")).value.body.case).toBe("memberRemoved");
  expect((await stream.next()).case).toBe("left");
  expect(performance.now() - removedAt).toBeLessThan(cutOffMs);
  // What comes next is of another conversation.
  const direct = await chat.createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.DIRECT,
    memberIds: [dan.userId],
  });
  const joined = await stream.find("joined");
  expect(joined.value.conversationId).toBe(direct.conversation?.conversationId);
  await stream.end();
}, 30_000);
