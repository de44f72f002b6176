import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type ChatService,
  SendMessageRequestSchema,
  type SendMessageResponse,
  SendMessageResponseSchema,
  type SendMessagesRequest,
  SendMessagesRequest_ItemSchema,
  SendMessagesResponse_ResultSchema,
} from "#gen/parley/chat/v1/chat_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callingUser } from "#platform/rpc/identity.ts";
import { ServiceError } from "#platform/runtime/errors.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import { decidePost } from "../commands/decisions.ts";
import { commandOf, submit } from "../commands/submit.ts";
import type { ChatDeps } from "../deps.ts";
import type { Outcome } from "../sequencer/command.ts";

/** Largest SendMessages request, all contents together. */
export const maxBatchBytes = 256 * 1024;

type SendDeps = Pick<ChatDeps, "sequencer" | "after">;

export function sendRoutes(deps: SendDeps): Pick<ServiceImpl<typeof ChatService>, "sendMessage" | "sendMessages"> {
  return {
    async sendMessage(request, context) {
      const caller = callingUser(context);
      const id = conversationId(request.conversationId);
      const content = request.content;
      if (!content) throw platformErrors.INVALID_ARGUMENT({ message: "content" });
      const outcome = await submit(deps, {
        caller,
        conversationId: id,
        clientId: request.clientId,
        schema: SendMessageRequestSchema,
        request,
        users: [caller.userId],
        decide: decidePost(caller.userId, content),
        context,
      });
      return { ...sent(outcome), after: deps.after.of(caller.userId, id, [outcome]) };
    },

    async sendMessages(request, context) {
      const caller = callingUser(context);
      const id = conversationId(request.conversationId);
      const outcomes = await Promise.allSettled(deps.sequencer.submit(commandsOf(request, context)));
      const results = outcomes.map((settled) => resultOf(settled));
      const done = outcomes.flatMap((settled) => (settled.status === "fulfilled" ? [settled.value] : []));
      return { results, after: deps.after.of(caller.userId, id, done) };
    },
  };
}

function commandsOf(request: SendMessagesRequest, context: HandlerContext) {
  const caller = callingUser(context);
  const commands = request.items.map((item) => {
    if (!item.content) throw platformErrors.INVALID_ARGUMENT({ message: "items.content" });
    return commandOf({
      caller,
      conversationId: conversationId(request.conversationId),
      clientId: item.clientId,
      schema: SendMessagesRequest_ItemSchema,
      request: item,
      users: [caller.userId],
      decide: decidePost(caller.userId, item.content),
      context,
    });
  });
  const bytes = commands.reduce((sum, { size }) => sum + size, 0);
  if (bytes > maxBatchBytes) throw platformErrors.TOO_LARGE({ message: `${bytes} of ${maxBatchBytes} bytes` });
  return commands;
}

function sent({ seq, messageCount, timeMs, duplicate }: Outcome): SendMessageResponse {
  return create(SendMessageResponseSchema, {
    seq: BigInt(seq),
    messageCount: BigInt(messageCount),
    time: timestampFromMs(timeMs),
    duplicate,
  });
}

function resultOf(settled: PromiseSettledResult<Outcome>) {
  if (settled.status === "fulfilled") {
    return create(SendMessagesResponse_ResultSchema, { outcome: { case: "sent", value: sent(settled.value) } });
  }
  const error: unknown = settled.reason;
  if (!(error instanceof ServiceError)) throw error;
  const value = { reason: error.reason, message: error.rawMessage, retryable: error.retryable };
  return create(SendMessagesResponse_ResultSchema, { outcome: { case: "refused", value } });
}
