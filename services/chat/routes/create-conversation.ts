import { create, toBinary } from "@bufbuild/protobuf";
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
import { callingUser, type UserIdentity } from "#platform/rpc/identity.ts";
import { type ConversationId, clientId, newConversationId, type UserId, userId } from "#platform/runtime/ids.ts";
import { readAccess } from "../access.ts";
import { decideCreate } from "../commands/decisions.ts";
import { contentHash, submit } from "../commands/submit.ts";
import type { ChatDeps } from "../deps.ts";
import { chatErrors } from "../errors.ts";
import { requireUsers } from "../known-users.ts";
import { type ConversationDeps, present } from "./conversations.ts";

type CreateDeps = ConversationDeps & Pick<ChatDeps, "idempotence" | "following" | "users">;

export function createConversationRoute(deps: CreateDeps): Pick<ServiceImpl<typeof ChatService>, "createConversation"> {
  return {
    async createConversation(request, context) {
      const caller = callingUser(context);
      const others = request.memberIds.map(userId).filter((id) => id !== caller.userId);
      checkShape(request, others);
      await requireUsers(deps.users, others);
      const id = await claim(deps, caller, request, others);
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

/** Takes the row that makes the creation unique; whoever finds it taken uses its id. */
async function claim(
  deps: CreateDeps,
  { userId: user, deviceId }: UserIdentity,
  request: CreateConversationRequest,
  others: readonly UserId[],
): Promise<ConversationId> {
  const id = newConversationId(Math.floor(Math.random() * deps.following.shards));
  const [other] = others;
  if (request.kind === ConversationKind.DIRECT && other) return deps.idempotence.claimPair([user, other], id);
  const bytes = toBinary(CreateConversationRequestSchema, request, { writeUnknownFields: false });
  const hash = contentHash(CreateConversationRequestSchema, bytes);
  const claimed = await deps.idempotence.claimCreation({
    userId: user,
    deviceId,
    clientId: clientId(request.clientId),
    conversationId: id,
    contentHash: hash,
  });
  if (Buffer.compare(claimed.contentHash, hash) !== 0) throw chatErrors.CLIENT_ID_REUSED();
  return claimed.conversationId;
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
