import type { ServiceImpl } from "@connectrpc/connect";
import { type ChatService, DeleteMessageRequestSchema, EditMessageRequestSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callingUser } from "#platform/rpc/identity.ts";
import { type ConversationId, conversationId, type UserId } from "#platform/runtime/ids.ts";
import { memberAccess } from "../access.ts";
import { decideDelete, decideEdit } from "../commands/decisions.ts";
import { submit } from "../commands/submit.ts";
import type { ChatDeps } from "../deps.ts";
import { chatErrors } from "../errors.ts";
import type { MessageView } from "../views/message-view.ts";
import { isVisible } from "../views/visibility.ts";

type EditDeps = Pick<ChatDeps, "sequencer" | "conversations" | "history" | "after">;

export function editRoutes(deps: EditDeps): Pick<ServiceImpl<typeof ChatService>, "editMessage" | "deleteMessage"> {
  return {
    async editMessage(request, context) {
      const caller = callingUser(context);
      const id = conversationId(request.conversationId);
      const content = request.content;
      if (!content) throw platformErrors.INVALID_ARGUMENT({ message: "content" });
      const target = await targetOf(deps, id, caller.userId, Number(request.targetSeq));
      const outcome = await submit(deps, {
        caller,
        conversationId: id,
        clientId: request.clientId,
        schema: EditMessageRequestSchema,
        request,
        users: [caller.userId],
        decide: decideEdit(caller.userId, target, content),
        context,
      });
      return { seq: BigInt(outcome.seq), after: deps.after.of(caller.userId, id, [outcome]) };
    },

    async deleteMessage(request, context) {
      const caller = callingUser(context);
      const id = conversationId(request.conversationId);
      const target = await targetOf(deps, id, caller.userId, Number(request.targetSeq));
      const outcome = await submit(deps, {
        caller,
        conversationId: id,
        clientId: request.clientId,
        schema: DeleteMessageRequestSchema,
        request,
        users: [caller.userId],
        decide: decideDelete(caller.userId, target),
        context,
      });
      return { seq: BigInt(outcome.seq), after: deps.after.of(caller.userId, id, [outcome]) };
    },
  };
}

async function targetOf(deps: EditDeps, id: ConversationId, user: UserId, seq: number): Promise<MessageView> {
  const { membership } = await memberAccess(deps, id, user);
  const message = isVisible(membership.ranges, seq) ? await deps.history.messageAt(id, seq) : undefined;
  if (!message) throw chatErrors.MESSAGE_NOT_FOUND();
  return message;
}
