import { create, toBinary } from "@bufbuild/protobuf";
import { ChatService, SendMessageRequestSchema, SendMessagesRequestSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { pathOf, type Wire } from "./wire.ts";

/** What every message of the benchmarks says. */
export const text = "a message of an ordinary length, as people write them to one another";

/** Sends a batch of messages; 1 is a unary SendMessage. Resolves once they are acknowledged. */
export async function send(wire: Wire, token: string, conversationId: string, batch: number): Promise<void> {
  const { sendMessage, sendMessages } = ChatService.method;
  await wire.send(pathOf(batch === 1 ? sendMessage : sendMessages), token, requestOf(conversationId, batch));
}

/** The encoded request of such a call. */
export function requestOf(conversationId: string, batch: number): Uint8Array {
  const content = { text };
  if (batch === 1) {
    const request = create(SendMessageRequestSchema, { clientId: uuidv7(), conversationId, content });
    return toBinary(SendMessageRequestSchema, request);
  }
  const items = Array.from({ length: batch }, () => ({ clientId: uuidv7(), content }));
  return toBinary(SendMessagesRequestSchema, create(SendMessagesRequestSchema, { conversationId, items }));
}

export function nameOf(batch: number): string {
  return batch === 1 ? "unary" : `in batches of ${batch}`;
}
