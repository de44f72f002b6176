import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import { ChatService, SendMessageRequestSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason, PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";
import { newConversationId, uuidv7 } from "#platform/runtime/ids.ts";
import { startStack } from "../services/testing/stack.ts";
import { Talk } from "./testing/frames.ts";

test("what is said on a stream and what is called count together", async () => {
  const stack = await startStack({ PARLEY_LIMIT_CALLS_PER_MINUTE: "5" });
  onTestFinished(() => stack.stop());
  const ann = await stack.registerUser("ann");
  const talk = new Talk(ann.client(DeliveryService));
  talk.say({ case: "open", value: create(SubscribeRequestSchema) });
  await talk.frames.find("caughtUp");
  const reasons: (number | undefined)[] = [];
  for (let count = 0; count < 5; count++) {
    const value = { clientId: uuidv7(), conversationId: newConversationId(0), content: { text: "hello?" } };
    talk.say({ case: "send", value: create(SendMessageRequestSchema, value) });
    const { value: refused } = await talk.frames.find("refused");
    reasons.push(refused.chat ? undefined : refused.reason);
  }
  // The stream itself was the first call.
  const { RATE_LIMITED } = PlatformErrorReason;
  expect(reasons).toEqual([undefined, undefined, undefined, undefined, RATE_LIMITED]);
  const failure = await ann.client(ChatService).listConversations({}).catch(ConnectError.from);
  expect(failure instanceof ConnectError && failure.findDetails(PlatformErrorSchema)[0]?.reason).toBe(RATE_LIMITED);
  await talk.frames.end();
});
