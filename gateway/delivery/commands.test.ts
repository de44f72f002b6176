import { create } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { Code, ConnectError, createClient, createServiceImplSpec, type ServiceImpl } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ChatService, type SendMessageRequest, SendMessageRequestSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { CloseReason, type ConnectRequest, ConnectRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { ContentSchema } from "#gen/parley/chat/v1/events_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { type Budget, createBudget } from "#platform/rpc/budgets.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { newConversationId, uuidv7 } from "#platform/runtime/ids.ts";
import { deliveryOver, Reader } from "../testing/reader.ts";
import { openWorld, type World } from "../testing/world.ts";
import { maxUnanswered } from "./answers.ts";
import { Commands, maxLanes } from "./commands.ts";
import type { Stream } from "./stream.ts";

let world: World;
let reader: Reader;
let stream: Stream;

beforeEach(async () => {
  world = await openWorld({ shards: 1 });
  reader = new Reader(deliveryOver(world), uuidv7());
  await reader.catchUp();
  reader.client.takeKinds();
  if (!reader.stream) throw new Error("no stream");
  stream = reader.stream;
});

afterEach(async () => {
  reader.drop(false);
  await world.close();
});

/** Commands of the stream over a chat service that answers sends as told. */
function commandsOver(sendMessage: ServiceImpl<typeof ChatService>["sendMessage"], budget = createBudget(0, 60_000)) {
  const answers: Partial<ServiceImpl<typeof ChatService>> = { sendMessage };
  const spec = createServiceImplSpec(ChatService, answers);
  const served = { ...createServed(), find: (method: { localName: string }) => spec.methods[method.localName] };
  const transport = createPeerTransport(served);
  const chat = createClient(ChatService, transport);
  const presence = createClient(PresenceService, transport);
  return new Commands(stream, { chat, presence, validator: createValidator(), budget });
}

const conversation = newConversationId(0);

function sendOf(text: string, clientId = uuidv7(), conversationId: string = conversation): ConnectRequest {
  const value = create(SendMessageRequestSchema, {
    clientId,
    conversationId,
    content: create(ContentSchema, { text }),
  });
  return create(ConnectRequestSchema, { command: { case: "send", value } });
}

async function* from(requests: ConnectRequest[]): AsyncGenerator<ConnectRequest> {
  yield* requests;
}

/** Takes as many answers as there were commands. */
async function answers(count: number): Promise<string[]> {
  while (reader.client.frames.length < count) await reader.takeNext();
  return reader.client.takeKinds();
}

test("no send passes one that failed and may be repeated; other conversations go on", async () => {
  const posted: string[] = [];
  let isFailing = true;
  const commands = commandsOver(async ({ content }) => {
    if (isFailing && content?.text === "two") throw new ConnectError("nobody knows", Code.Unavailable);
    posted.push(content?.text ?? "");
    return { seq: BigInt(posted.length), duplicate: true };
  });
  const [two, three] = [uuidv7(), uuidv7()];
  const elsewhere = sendOf("elsewhere", uuidv7(), newConversationId(0));
  await commands.read(from([sendOf("one"), sendOf("two", two), sendOf("three", three), elsewhere]));
  expect((await answers(4)).toSorted()).toEqual(["refused", "refused", "sent", "sent"]);
  isFailing = false;
  await commands.read(from([sendOf("three", three), sendOf("two", two), sendOf("three", three)]));
  expect(await answers(3)).toEqual(["refused", "sent", "sent"]);
  expect(posted.filter((text) => text !== "elsewhere")).toEqual(["one", "two", "three"]);
});

test("what can't succeed does not hold up what comes after it", async () => {
  const commands = commandsOver(async () => ({ seq: 1n, duplicate: true }));
  await commands.read(from([sendOf(""), sendOf("hello")]));
  expect(await answers(2)).toEqual(["refused", "sent"]);
});

test("while 64 sends are unanswered, no more are read", async () => {
  const waiting: (() => void)[] = [];
  const commands = commandsOver(async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return { seq: 1n, duplicate: true };
  });
  let read = 0;
  async function* many(): AsyncGenerator<ConnectRequest> {
    for (; read < maxUnanswered + 1; read++) yield sendOf(`number ${read}`, uuidv7(), newConversationId(0));
  }
  const reading = commands.read(many());
  await expect.poll(() => waiting.length).toBe(maxUnanswered);
  expect(read).toBe(maxUnanswered - 1);
  waiting.shift()?.();
  await expect.poll(() => waiting.length).toBe(maxUnanswered);
  for (const answer of waiting) answer();
  await reading;
  expect(await answers(maxUnanswered + 1)).not.toContain("refused");
});

test("commands are charged to the user's budget", async () => {
  const budget: Budget = createBudget(1, 60_000);
  const commands = commandsOver(async () => ({ seq: 1n, duplicate: true }), budget);
  await commands.read(from([sendOf("one"), sendOf("two")]));
  while (reader.client.frames.length < 2) await reader.takeNext();
  const limited = { reason: PlatformErrorReason.RATE_LIMITED, retryable: true };
  expect(reader.client.frames[1]).toMatchObject({ case: "refused", value: limited });
});

test("what waits for its turn when the stream ends is not sent", async () => {
  const posted: SendMessageRequest[] = [];
  let finish = () => {};
  const commands = commandsOver(async (request) => {
    posted.push(request);
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return { seq: 1n, duplicate: true };
  });
  await commands.read(from([sendOf("one"), sendOf("two")]));
  await expect.poll(() => posted.length).toBe(1);
  stream.close(CloseReason.STOPPING);
  finish();
  await new Promise((resolve) => setImmediate(resolve));
  expect(posted).toHaveLength(1);
});

test("sends of one client id are bounded like those of many", async () => {
  const finish: (() => void)[] = [];
  const commands = commandsOver(async () => {
    await new Promise<void>((resolve) => finish.push(resolve));
    return { seq: 1n, duplicate: true };
  });
  let read = 0;
  const clientId = uuidv7();
  async function* many(): AsyncGenerator<ConnectRequest> {
    for (; read < 10 * maxUnanswered; read++) yield sendOf("again", clientId);
  }
  void commands.read(many());
  await expect.poll(() => finish.length).toBe(1);
  expect(read).toBeLessThanOrEqual(maxUnanswered);
  commands.close();
});

test("a client that goes on in more and more conversations while none takes its messages is left", async () => {
  const commands = commandsOver(async () => {
    throw new ConnectError("nobody knows", Code.Unavailable);
  });
  async function* many(): AsyncGenerator<ConnectRequest> {
    for (let count = 0; count <= maxLanes; count++) {
      yield sendOf("hello", uuidv7(), newConversationId(0));
      while (stream.hasFrames) stream.take();
    }
  }
  const limited = { reason: PlatformErrorReason.RATE_LIMITED, retryable: true };
  await expect(commands.read(many())).rejects.toMatchObject(limited);
});

test("what is not a message is refused at once, spent budget or not, and holds up nothing", async () => {
  const commands = commandsOver(async () => ({ seq: 1n, duplicate: true }), createBudget(1, 60_000));
  await commands.read(from([sendOf("one"), sendOf("two", uuidv7(), "x".repeat(100_000))]));
  while (reader.client.frames.length < 2) await reader.takeNext();
  const invalid = { reason: PlatformErrorReason.INVALID_ARGUMENT, retryable: false };
  expect(reader.client.frames.find((frame) => frame.case === "refused")).toMatchObject({ value: invalid });
});
