import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type ChatService,
  type CreateConversationRequest,
  CreateConversationRequestSchema,
} from "#gen/parley/chat/v1/chat_pb.js";
import {
  type ConversationCreated,
  ConversationCreatedSchema,
  ConversationKind,
  HistoryPolicy,
  PostingPolicy,
  Role,
} from "#gen/parley/chat/v1/events_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callingUser } from "#platform/rpc/identity.ts";
import { type UserId, userId } from "#platform/runtime/ids.ts";
import { readAccess } from "../access.ts";
import { anyConversationId, claimCreation } from "../commands/claim-creation.ts";
import { decideCreate } from "../commands/decisions.ts";
import { submit } from "../commands/submit.ts";
import type { ChatDeps } from "../deps.ts";
import { requireUsers } from "../known-users.ts";
import { type ConversationDeps, present } from "./conversations.ts";

type CreateDeps = ConversationDeps & Pick<ChatDeps, "idempotence" | "fleet" | "users">;

export function createConversationRoute(deps: CreateDeps): Pick<ServiceImpl<typeof ChatService>, "createConversation"> {
  return {
    async createConversation(request, context) {
      const caller = callingUser(context);
      const others = [...new Set(request.memberIds.map(userId))].filter((id) => id !== caller.userId);
      checkShape(request, others);
      await requireUsers(deps.users, others);
      const [other] = others;
      const id =
        request.kind === ConversationKind.DIRECT && other
          ? await deps.idempotence.claimPair([caller.userId, other], anyConversationId(deps))
          : await claimCreation(deps, caller, CreateConversationRequestSchema, request);
      const outcome = await submit(deps, {
        caller,
        conversationId: id,
        clientId: request.clientId,
        schema: CreateConversationRequestSchema,
        request,
        users: [],
        decide: decideCreate(caller.userId, createdBy(caller.userId, request, others)),
        context,
      });
      const access = await readAccess(deps, id, caller.userId);
      return {
        conversation: await present(deps, access),
        after: deps.after.of(caller.userId, id, [outcome]),
      };
    },
  };
}

function checkShape({ kind, name, posting, history }: CreateConversationRequest, others: readonly UserId[]): void {
  const wrong = (message: string) => platformErrors.INVALID_ARGUMENT({ message });
  if (kind !== ConversationKind.DIRECT) {
    if (name === "") throw wrong("name: required for groups and channels");
    return;
  }
  if (others.length !== 1) throw wrong("member_ids: a direct conversation has exactly one other member");
  if (name !== "" || posting || history) throw wrong("name, posting, history: not for direct conversations");
}

function createdBy(
  creator: UserId,
  { kind, name, posting, history }: CreateConversationRequest,
  others: readonly UserId[],
): ConversationCreated {
  const isDirect = kind === ConversationKind.DIRECT;
  return create(ConversationCreatedSchema, {
    kind,
    name,
    posting: posting || PostingPolicy.MEMBERS,
    history: isDirect ? HistoryPolicy.FROM_START : history || HistoryPolicy.FROM_JOIN,
    members: [
      { userId: creator, role: isDirect ? Role.MEMBER : Role.OWNER },
      ...others.map((other) => ({ userId: other, role: Role.MEMBER })),
    ],
  });
}
