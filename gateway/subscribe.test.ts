import { afterAll, beforeAll, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { CloseReason, DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { PresenceService, Status } from "#gen/parley/presence/v1/presence_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { joinStack } from "../services/testing/joined-stack.ts";
import { type Stack, startStack, type TestUser } from "../services/testing/stack.ts";
import { Frames } from "./testing/frames.ts";

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

test.each(["grpc", "grpc-web", "connect", "connect-json"] as const)(
  "a message reaches a member over %s",
  async (protocol) => {
    const client = ben.client(DeliveryService, { protocol });
    const frames = new Frames((signal) => client.subscribe({}, { signal }));
    await frames.find("caughtUp");
    const { seq } = await say(ann, "hello");
    const event = await frames.find("event");
    expect(event.value).toMatchObject({ conversationId: group, seq, authorId: ann.userId });
    await frames.end();
  },
);

test("a stream goes on where its token says, on another connection", async () => {
  const first = subscribe(ben);
  const { token } = (await first.find("caughtUp")).value;
  await first.end();
  const one = await say(ann, "one");
  const two = await say(ann, "two");
  const second = subscribe(ben, token);
  expect((await second.find("event")).value.seq).toBe(one.seq);
  expect((await second.find("event")).value.seq).toBe(two.seq);
  await second.find("caughtUp");
  await second.end();
});

test("a conversation begins with `joined` and ends with `left`; nothing later is told", async () => {
  const frames = await live(ben);
  const conversationId = await makeGroup(ann, ben);
  expect((await frames.find("joined")).value).toMatchObject({ conversationId, baseSeq: 0n });
  const removal = { clientId: uuidv7(), conversationId, userId: ben.userId };
  const { seq } = await ann.client(ChatService).removeMember(removal);
  expect((await frames.find("left")).value).toMatchObject({ conversationId, toSeq: seq });
  await say(ann, "alone", conversationId);
  const { seq: later } = await say(ann, "to both");
  expect((await frames.find("event")).value).toMatchObject({ conversationId: group, seq: later });
  await frames.end();
});

test("marks reach the other members and the user's other streams; one's own are there after resuming", async () => {
  const frames = await live(ann);
  const own = await live(ben);
  const { seq } = await say(ann, "read me");
  await ben.client(ChatService).setMarks({ clientId: uuidv7(), conversationId: group, readSeq: seq });
  const marks = { conversationId: group, userId: ben.userId, readSeq: seq };
  expect((await frames.find("mark")).value).toMatchObject(marks);
  expect((await own.find("mark")).value).toMatchObject(marks);
  const { token } = (await subscribe(ben).find("caughtUp")).value;
  const resumed = subscribe(ben, token);
  expect(await resumed.next()).toMatchObject({ case: "mark", value: marks });
  for (const open of [frames, own, resumed]) await open.end();
});

test("typing reaches the others, not the one who types", async () => {
  const frames = await live(ann);
  const own = await live(ben);
  await ben.client(PresenceService).setTyping({ clientId: uuidv7(), conversationId: group, typing: true });
  expect((await frames.find("typing")).value).toMatchObject({ conversationId: group, userId: ben.userId });
  const { seq } = await say(ann, "stop typing");
  expect(await own.next()).toMatchObject({ case: "event", value: { seq } });
  for (const open of [frames, own]) await open.end();
});

test("a stream tells of the people it names: as they are, as they come and as they go", async () => {
  const carl = await stack.registerUser("carl");
  const frames = subscribe(ann, "", [carl.userId]);
  expect((await frames.find("presence")).value).toMatchObject({ userId: carl.userId });
  const there = await live(carl);
  expect((await frames.find("presence")).value).toMatchObject({ userId: carl.userId, status: Status.ONLINE });
  await there.end();
  expect((await frames.find("presence")).value).toMatchObject({ userId: carl.userId, status: Status.OFFLINE });
  await frames.end();
});

test("streams of a session that is revoked end at once, others go on", async () => {
  const dora = await stack.registerUser("dora");
  const frames = await live(dora);
  const other = await live(ann);
  await dora.client(AuthService).revokeSession({ clientId: uuidv7(), sessionId: dora.session.sessionId });
  const closed = await frames.find("closed");
  expect(closed.value.reason).toBe(CloseReason.SESSION_ENDED);
  await expect(frames.next()).rejects.toThrow("ended");
  const { seq } = await say(ben, "still here");
  expect((await other.find("event")).value.seq).toBe(seq);
  await other.end();
});

test("a server that stops closes its streams with a token and a time to come back", async () => {
  const stopping = await startStack();
  const carl = await stopping.registerUser("carl");
  const frames = await live(carl);
  await Promise.all([
    stopping.stop(),
    frames.find("closed").then(({ value }) => {
      expect(value.reason).toBe(CloseReason.STOPPING);
      expect(value.token).not.toBe("");
      expect(value.retryAfter).toBeDefined();
    }),
  ]);
});
