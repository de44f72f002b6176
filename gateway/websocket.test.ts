import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { WebSocketTalk } from "#platform/testing/websocket.ts";
import { type Stack, startStack, type TestUser } from "../services/testing/stack.ts";

const connectPath = "/parley.chat.v1.DeliveryService/Connect";

let stack: Stack;
let ann: TestUser;
let ben: TestUser;
let group: string;

beforeAll(async () => {
  stack = await startStack();
  [ann, ben] = [await stack.registerUser("ann"), await stack.registerUser("ben")];
  const { conversation } = await ann.client(ChatService).createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.GROUP,
    name: "us",
    memberIds: [ben.userId],
  });
  group = conversation?.conversationId ?? "";
});

afterAll(() => stack.stop());

/** A stream in JSON, written by hand. */
class Stream extends WebSocketTalk {
  /** The next frame of a kind that was not taken yet; others are passed over. */
  async find(kind: string): Promise<Record<string, unknown>> {
    for (;;) {
      await until(() => (this.messages.length > 0 ? "" : `no ${kind}`));
      const frame = JSON.parse(String(this.messages.shift()));
      if (frame[kind]) return frame[kind];
    }
  }
}

async function open(token: string, resume = "", url = stack.url): Promise<Stream> {
  const stream = new Stream(url + connectPath);
  await stream.opened();
  stream.authorize(token).say({ open: { token: resume } });
  return stream;
}

function send(text: string, clientId = uuidv7()) {
  return { send: { clientId, conversationId: group, content: { text } } };
}

test("a stream takes sends, marks and typing, tells them to all, and goes on from its token", async () => {
  const [anns, bens] = [await open(ann.token), await open(ben.token)];
  const { token } = await anns.find("caughtUp");
  await bens.find("caughtUp");
  const clientId = uuidv7();
  anns.say(send("hello", clientId));
  const { seq } = await anns.find("sent");
  const own = await anns.find("event");
  expect(own).toMatchObject({ seq, messagePosted: { content: { text: "hello" } } });
  expect(await bens.find("event")).toEqual(own);
  bens.say({ mark: { clientId: uuidv7(), conversationId: group, readSeq: seq } });
  expect(await anns.find("mark")).toMatchObject({ userId: ben.userId, readSeq: seq });
  bens.say({ typing: { clientId: uuidv7(), conversationId: group, typing: true } });
  expect(await anns.find("typing")).toMatchObject({ userId: ben.userId });
  anns.webSocket.close();
  await anns.closing;
  const again = await open(ann.token, String(token));
  expect(await again.find("event")).toEqual(own);
  for (const stream of [again, bens]) stream.webSocket.close();
});

test.each([
  ["a wrong token", "x.y.z", PlatformErrorReason.UNAUTHENTICATED],
  ["no token", "", PlatformErrorReason.UNAUTHENTICATED],
])("%s is told as an error of the call", async (_, token, reason) => {
  const stream = await open(token);
  expect((await stream.closing).code).toBe(1000);
  expect(stream.ending?.error).toMatchObject({
    code: "unauthenticated",
    details: [{ debug: { reason: `PLATFORM_ERROR_REASON_${PlatformErrorReason[reason]}` } }],
  });
});

test("an expired token is told as an error of the call", async () => {
  const brief = await startStack({ PARLEY_ACCESS_TTL_SECONDS: "1" });
  try {
    const { token } = await brief.registerUser("carl");
    let ending: Stream["ending"];
    await until(async () => {
      const stream = await open(token, "", brief.url);
      await until(() => (stream.messages.length > 0 || stream.ending ? "" : "nothing is told"));
      stream.webSocket.close();
      ending = stream.ending;
      return ending ? "" : "the token is still good";
    });
    expect(ending?.error).toMatchObject({
      details: [{ debug: { reason: "PLATFORM_ERROR_REASON_TOKEN_EXPIRED" } }],
    });
  } finally {
    await brief.stop();
  }
});

test("a client that does not read is told so once it does, and goes on from there", async () => {
  const deaf = await open(ben.token);
  await deaf.find("caughtUp");
  deaf.webSocket.pause();
  const items = () => Array.from({ length: 15 }, () => ({ clientId: uuidv7(), content: { text: "x".repeat(16_000) } }));
  const isClosed = async () =>
    (await stack.boot.metrics.metrics()).includes('parley_streams_closed_total{reason="slow"} 1');
  for (let round = 0; round < 60 && !(await isClosed()); round++) {
    await ann.client(ChatService).sendMessages({ conversationId: group, items: items() });
  }
  deaf.webSocket.resume();
  const { token, reason } = await deaf.find("closed");
  expect(reason).toBe("CLOSE_REASON_SLOW");
  expect((await deaf.closing).code).toBe(1000);
  const again = await open(ben.token, String(token));
  await again.find("caughtUp");
  again.webSocket.close();
});

test("the client that the documentation shows works as it is shown", async () => {
  const page = readFileSync(new URL("../docs/websocket.md", import.meta.url), "utf8");
  const code = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const { openStream } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const frames: Record<string, unknown>[] = [];
  const ends: unknown[][] = [];
  const talk = (token: string) =>
    openStream(stack.url, token, {
      onFrame: (frame: Record<string, unknown>) => frames.push(frame),
      onEnd: (...end: unknown[]) => ends.push(end),
    });
  const { say, close } = talk(ann.token);
  await until(() => (frames.some(({ caughtUp }) => caughtUp) ? "" : "not caught up"));
  say(send("as documented"));
  await until(() => (frames.some(({ sent }) => sent) ? "" : "not sent"));
  close();
  await until(() => (ends.length === 1 ? "" : "not closed"));
  talk("x.y.z");
  await until(() => (ends.length === 2 ? "" : "not refused"));
  expect(ends).toEqual([
    [undefined, 1005],
    [expect.objectContaining({ code: "unauthenticated" }), 1000],
  ]);
});

test("a server that stops says so on the stream, and closes it with 1001", async () => {
  const stopping = await startStack();
  const { token } = await stopping.registerUser("dora");
  const stream = await open(token, "", stopping.url);
  await stream.find("caughtUp");
  await stopping.stop();
  expect(await stream.find("closed")).toMatchObject({ reason: "CLOSE_REASON_STOPPING", token: expect.any(String) });
  expect((await stream.closing).code).toBe(1001);
  expect(stream.ending).toEqual({});
});
