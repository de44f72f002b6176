import { create, type DescMessage } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  AddMembersRequestSchema,
  ChangeRoleRequestSchema,
  type ChatService,
  RemoveMemberRequestSchema,
} from "#gen/parley/chat/v1/chat_pb.js";
import { MemberSchema } from "#gen/parley/chat/v1/events_pb.js";
import { callingUser } from "#platform/rpc/identity.ts";
import { conversationId, userId } from "#platform/runtime/ids.ts";
import { memberAccess } from "../access.ts";
import { decideAddMembers, decideChangeRole, decideRemoveMember } from "../commands/decisions.ts";
import { type CommandInit, submit } from "../commands/submit.ts";
import type { ChatDeps } from "../deps.ts";
import { requireUsers } from "../known-users.ts";
import { openPage, sealPage } from "../page-tokens.ts";

const defaultPageSize = 100;

type MemberDeps = Pick<ChatDeps, "sequencer" | "conversations" | "after" | "users" | "sealer">;
type Handlers = Pick<ServiceImpl<typeof ChatService>, "listMembers" | "addMembers" | "removeMember" | "changeRole">;

export function memberRoutes(deps: MemberDeps): Handlers {
  async function change<Schema extends DescMessage>(init: Omit<CommandInit<Schema>, "caller">) {
    const caller = callingUser(init.context);
    const outcome = await submit(deps, { ...init, caller });
    return { seq: BigInt(outcome.seq), after: deps.after.of(caller.userId, init.conversationId, [outcome]) };
  }

  return {
    async listMembers(request, context) {
      const { userId: user } = callingUser(context);
      const id = conversationId(request.conversationId);
      await deps.after.wait(user, request.after, context.signal);
      await memberAccess(deps, id, user);
      const limit = request.pageSize || defaultPageSize;
      const after = openPage(deps.sealer, user, request.pageToken);
      const views = await deps.conversations.members(id, after, limit);
      const last = views.length === limit ? views.at(-1) : undefined;
      return {
        members: views.map((view) => create(MemberSchema, { userId: view.userId, role: view.role })),
        nextPageToken: last ? sealPage(deps.sealer, user, last.userId) : "",
      };
    },

    async addMembers(request, context) {
      const user = callingUser(context).userId;
      const added = [...new Set(request.userIds.map(userId))];
      await requireUsers(deps.users, added);
      return change({
        conversationId: conversationId(request.conversationId),
        clientId: request.clientId,
        schema: AddMembersRequestSchema,
        request,
        users: [user, ...added],
        decide: decideAddMembers(user, added),
        context,
      });
    },

    async removeMember(request, context) {
      const user = callingUser(context).userId;
      const removed = userId(request.userId);
      return change({
        conversationId: conversationId(request.conversationId),
        clientId: request.clientId,
        schema: RemoveMemberRequestSchema,
        request,
        users: [user, removed],
        decide: decideRemoveMember(user, removed),
        context,
      });
    },

    async changeRole(request, context) {
      const user = callingUser(context).userId;
      const changed = userId(request.userId);
      return change({
        conversationId: conversationId(request.conversationId),
        clientId: request.clientId,
        schema: ChangeRoleRequestSchema,
        request,
        users: [user, changed],
        decide: decideChangeRole(user, changed, request.role),
        context,
      });
    },
  };
}
