/** What is said in the benchmarks, alike for everybody: a send and its acknowledgement, and a delivered message. */
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { SendMessageRequestSchema, SendMessageResponseSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { FrameSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";

export const text = "a message of an ordinary length, as people write them to one another";

const conversationId = "AAECAwQFBgcICQoLDA0ODxAR";
const time = timestampFromMs(1_700_000_000_123);

/** An encoded SendMessageRequest. */
export function encodedSend(): Uint8Array {
  const request = create(SendMessageRequestSchema, { clientId: uuidv7(), conversationId, content: { text } });
  return toBinary(SendMessageRequestSchema, request);
}

/** What every server answers to it, made anew for each call. */
export function acknowledgement() {
  return create(SendMessageResponseSchema, { seq: 4242n, messageCount: 4000n, time, after: "A".repeat(64) });
}

/** A delivered message. */
export function deliveredFrame() {
  const body = { case: "messagePosted", value: { content: { text } } } as const;
  const event = { conversationId, seq: 4242n, messageCount: 4000n, time, authorId: uuidv7(), body };
  return create(FrameSchema, { frame: { case: "event", value: event } });
}

export const encodedFrame: Uint8Array = toBinary(FrameSchema, deliveredFrame());
