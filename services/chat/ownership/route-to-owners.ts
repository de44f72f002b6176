import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ChatService, SendMessagesResponseSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { conversationId, shardOf } from "#platform/runtime/ids.ts";
import { type Verdict, verdictOnReason } from "./attempts.ts";
import type { OwnedMethod } from "./owned-methods.ts";
import { callOwner, type OwnerCall, type OwnerCallDeps } from "./owner-calls.ts";

type Chat = ServiceImpl<typeof ChatService>;

/** ChatService as any process answers it: what changes a conversation is done by the owner of its shard. */
export function routeToOwners(chat: Chat, deps: OwnerCallDeps): Chat {
  function route<Request, Answer>(
    here: OwnerCall<Request, Answer>["here"],
    there: OwnerCall<Request, Answer>["there"],
    shard: OwnerCall<Request, Answer>["shard"],
    verdictOn: OwnerCall<Request, Answer>["verdictOn"] = isFinal,
  ) {
    const call = { here, there, shard, verdictOn };
    return (request: Request, context: HandlerContext) => callOwner(deps, call, request, context);
  }
  const owned = {
    updateConversation: route(
      chat.updateConversation,
      (owner, ...call) => owner.updateConversation(...call),
      byConversation,
    ),
    addMembers: route(chat.addMembers, (owner, ...call) => owner.addMembers(...call), byConversation),
    removeMember: route(chat.removeMember, (owner, ...call) => owner.removeMember(...call), byConversation),
    changeRole: route(chat.changeRole, (owner, ...call) => owner.changeRole(...call), byConversation),
    sendMessage: route(chat.sendMessage, (owner, ...call) => owner.sendMessage(...call), byConversation),
    sendMessages: route(
      chat.sendMessages,
      (owner, ...call) => owner.sendMessages(...call),
      byConversation,
      verdictOnBatch,
    ),
    editMessage: route(chat.editMessage, (owner, ...call) => owner.editMessage(...call), byConversation),
    deleteMessage: route(chat.deleteMessage, (owner, ...call) => owner.deleteMessage(...call), byConversation),
    importEvents: route(chat.importEvents, (owner, ...call) => owner.importEvents(...call), byConversation),
  } satisfies Pick<Chat, OwnedMethod>;
  return {
    ...chat,
    ...owned,
    createConversation: route(chat.createConversation, (owner, ...call) => owner.createConversation(...call), byClaim),
    importConversation: route(chat.importConversation, (owner, ...call) => owner.importConversation(...call), byClaim),
  };
}

function byConversation({ conversationId: id }: { readonly conversationId: string }): number {
  return shardOf(conversationId(id));
}

/** A creation takes a row, which says which conversation it makes. */
function byClaim(): undefined {
  return undefined;
}

function isFinal(): Verdict {
  return "final";
}

/** A batch is repeated as a whole: what of it was done is known by its client ids. */
function verdictOnBatch({ results = [] }: MessageInitShape<typeof SendMessagesResponseSchema>): Verdict {
  for (const { outcome } of results) {
    const verdict = outcome?.case === "refused" ? verdictOnReason(outcome.value.reason ?? 0) : "final";
    if (verdict !== "final") return verdict;
  }
  return "final";
}
