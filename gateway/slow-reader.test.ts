import { connect } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { startStack } from "../services/testing/stack.ts";

/** Opens a Subscribe stream over gRPC and never reads what comes. */
function subscribeDeaf(url: string, token: string) {
  const session = connect(url);
  const stream = session.request({
    ":method": "POST",
    ":path": `/${DeliveryService.typeName}/Subscribe`,
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${token}`,
  });
  const message = toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema));
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(message.length, 1);
  stream.pause().end(Buffer.concat([envelope, message]));
  return session;
}

test("a client that never reads is closed, and the others are served meanwhile", async () => {
  const stack = await startStack();
  const [ann, deaf] = [await stack.registerUser("ann"), await stack.registerUser("deaf")];
  const chat = ann.client(ChatService);
  const { conversation } = await chat.createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.GROUP,
    name: "us",
    memberIds: [deaf.userId],
  });
  const conversationId = conversation?.conversationId ?? "";
  const session = subscribeDeaf(stack.url, deaf.token);
  const metric = async (name: string) =>
    (await stack.boot.metrics.metrics()).split("\n").find((line) => line.startsWith(name)) ?? "";
  await until(async () => ((await metric("parley_streams_open")).endsWith(" 1") ? "" : "not open"));
  const listening = ann.client(DeliveryService).subscribe({})[Symbol.asyncIterator]();
  await listening.next();
  const items = () => Array.from({ length: 15 }, () => ({ clientId: uuidv7(), content: { text: "x".repeat(16_000) } }));
  let isClosed = false;
  for (let round = 0; round < 40 && !isClosed; round++) {
    const { results } = await chat.sendMessages({ conversationId, items: items() });
    const last = results.at(-1)?.outcome;
    expect(last?.case).toBe("sent");
    for (let seq = 0n; last?.case === "sent" && seq < last.value.seq; ) {
      const { value } = await listening.next();
      if (value?.frame.case === "event") seq = value.frame.value.seq;
    }
    isClosed = (await metric('parley_streams_closed_total{reason="slow"}')).endsWith(" 1");
  }
  expect(isClosed).toBe(true);
  session.destroy();
  await stack.stop();
});
