import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatService, SendMessageRequestSchema, SetMarksRequestSchema } from "#gen/parley/chat/v1/chat_pb.js";
import {
  CloseReason,
  type ConnectRequest,
  DeliveryService,
  SubscribeRequestSchema,
} from "#gen/parley/chat/v1/delivery_pb.js";
import { ChatErrorReason, ChatErrorSchema } from "#gen/parley/chat/v1/errors_pb.js";
import { ContentSchema, ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { SetTypingRequestSchema } from "#gen/parley/presence/v1/presence_pb.js";
import { newConversationId, uuidv7 } from "#platform/runtime/ids.ts";
import { joinStack } from "../services/testing/joined-stack.ts";
import { type Stack, startStack, type TestUser } from "../services/testing/stack.ts";
import { Frames, Talk } from "./testing/frames.ts";

let stack: Stack;
let ann: TestUser;
let ben: TestUser;
let group: string;

beforeAll(async () => {
  stack = await joinStack();
  ann = await stack.registerUser("ann");
  ben = await stack.registerUser("ben");
  group = await makeGroup(ann, ben);
});

afterAll(() => stack.stop());

async function makeGroup(owner: TestUser, ...others: TestUser[]): Promise<string> {
  const { conversation } = await owner.client(ChatService).createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.GROUP,
    name: "us",
    memberIds: others.map(({ userId }) => userId),
  });
  return conversation?.conversationId ?? "";
}

async function say(user: TestUser, text: string, conversationId = group) {
  return user.client(ChatService).sendMessage({ clientId: uuidv7(), conversationId, content: { text } });
}

function subscribe(user: TestUser, token = "", presenceUserIds: string[] = []): Frames {
  return new Frames((signal) => user.client(DeliveryService).subscribe({ token, presenceUserIds }, { signal }));
}

async function live(user: TestUser): Promise<Frames> {
  const frames = subscribe(user);
  await frames.find("caughtUp");
  return frames;
}

function send(text: string, clientId = uuidv7(), conversationId = group): ConnectRequest["command"] {
  const content = create(ContentSchema, { text });
  return { case: "send", value: create(SendMessageRequestSchema, { clientId, conversationId, content }) };
}

const open = { case: "open", value: create(SubscribeRequestSchema) } as const;

async function talking(user: TestUser): Promise<Talk> {
  const talk = new Talk(user.client(DeliveryService));
  talk.say(open);
  await talk.frames.find("caughtUp");
  return talk;
}

test("what is sent on a Connect stream is answered once each and takes effect in order", async () => {
  const talk = await talking(ann);
  const ids = Array.from({ length: 100 }, () => uuidv7());
  for (const [index, clientId] of ids.entries()) talk.say(send(`number ${index}`, clientId));
  const sent: string[] = [];
  const seqs: bigint[] = [];
  while (seqs.length < ids.length) {
    const frame = await talk.frames.next();
    if (frame.case === "sent") sent.push(frame.value.clientId);
    if (frame.case === "event") seqs.push(frame.value.seq);
  }
  expect(sent).toEqual(ids);
  const { events } = await ann.client(ChatService).listEvents({ conversationId: group, fromSeq: seqs[0] ?? 0n });
  const texts = events.map(({ body }) => (body.case === "messagePosted" ? body.value.content?.text : ""));
  expect(texts).toEqual(ids.map((_, index) => `number ${index}`));
  await talk.frames.end();
});

test("a command of a newer client is refused, and the stream goes on", async () => {
  const talk = await talking(ann);
  talk.say({ case: undefined });
  const { value: refused } = await talk.frames.find("refused");
  const invalid = { clientId: "", reason: PlatformErrorReason.INVALID_ARGUMENT, chat: false, retryable: false };
  expect(refused).toMatchObject(invalid);
  talk.say(send("still here"));
  await talk.frames.find("sent");
  await talk.frames.end();
});

test("a repeated send is answered with the first one's number", async () => {
  const talk = await talking(ann);
  const clientId = uuidv7();
  talk.say(send("once", clientId));
  const first = await talk.frames.find("sent");
  talk.say(send("once", clientId));
  expect((await talk.frames.find("sent")).value).toMatchObject({ clientId, seq: first.value.seq });
  await talk.frames.end();
});

test("a command that fails is refused with its reason, and the stream goes on", async () => {
  const talk = await talking(ann);
  const clientId = uuidv7();
  const stranger = newConversationId(0);
  talk.say(send("hello?", clientId, stranger));
  const refused = await talk.frames.find("refused");
  expect(refused.value).toMatchObject({ clientId, chat: true, reason: ChatErrorReason.NOT_A_MEMBER, retryable: false });
  talk.say(send("", clientId));
  const invalid = { clientId, code: Code.InvalidArgument, chat: false, reason: PlatformErrorReason.INVALID_ARGUMENT };
  expect((await talk.frames.find("refused")).value).toMatchObject(invalid);
  talk.say({ case: "mark", value: create(SetMarksRequestSchema, { clientId, conversationId: stranger, readSeq: 1n }) });
  expect((await talk.frames.find("refused")).value).toMatchObject({ clientId, chat: true });
  const typing = create(SetTypingRequestSchema, { clientId, conversationId: newConversationId(0), typing: true });
  talk.say({ case: "typing", value: typing });
  expect((await talk.frames.find("refused")).value).toMatchObject({ chat: true, reason: ChatErrorReason.NOT_A_MEMBER });
  talk.say(send("still here", clientId));
  expect((await talk.frames.find("sent")).value.clientId).toBe(clientId);
  await talk.frames.end();
});

test("marks and typing on a Connect stream reach the others", async () => {
  const frames = await live(ben);
  const talk = await talking(ann);
  const { seq } = await say(ben, "look");
  talk.say({
    case: "mark",
    value: create(SetMarksRequestSchema, { clientId: uuidv7(), conversationId: group, readSeq: seq }),
  });
  expect((await frames.find("mark")).value).toMatchObject({ userId: ann.userId, readSeq: seq });
  const value = create(SetTypingRequestSchema, { clientId: uuidv7(), conversationId: group, typing: true });
  talk.say({ case: "typing", value });
  expect((await frames.find("typing")).value).toMatchObject({ userId: ann.userId });
  await Promise.all([frames.end(), talk.frames.end()]);
});

test("`open` comes first on a Connect stream, and only first", async () => {
  const notOpened = async (talk: Talk) => {
    const failure = await talk.frames.find("closed").catch((error: unknown) => ConnectError.from(error));
    if (!(failure instanceof ConnectError)) throw new Error("closed instead of refused");
    expect(failure.findDetails(ChatErrorSchema)).toMatchObject([{ reason: ChatErrorReason.NOT_OPENED }]);
  };
  const early = new Talk(ann.client(DeliveryService));
  early.say(send("too early"));
  await notOpened(early);
  const twice = await talking(ann);
  twice.say(open);
  await notOpened(twice);
});

test("a server that stops does not wait for what a client could still say", async () => {
  const stopping = await startStack();
  const talk = await talking(await stopping.registerUser("carl"));
  const start = performance.now();
  const [, { value }] = await Promise.all([stopping.stop(), talk.frames.find("closed")]);
  expect(value.reason).toBe(CloseReason.STOPPING);
  expect(performance.now() - start).toBeLessThan(5000);
});
