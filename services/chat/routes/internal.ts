import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type ChatService, type Membership, MembershipSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { conversationId, userId } from "#platform/runtime/ids.ts";
import { mayPost } from "../access.ts";
import type { ChatDeps } from "../deps.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import type { MembershipView } from "../views/membership-view.ts";
import { toMarks } from "./marks.ts";

type InternalDeps = Pick<ChatDeps, "conversations" | "marks">;
type Handlers = Pick<ServiceImpl<typeof ChatService>, "listMemberships" | "listChangedMarks" | "checkMembership">;

export function internalRoutes(deps: InternalDeps): Handlers {
  return {
    async listMemberships(request) {
      const user = userId(request.userId);
      const ids = await deps.conversations.conversationsOf(user);
      const memberships = ids.map(async (id) => {
        const conversation = await deps.conversations.conversation(id);
        const membership = await deps.conversations.membership(id, user);
        return conversation && membership ? [toMembership(conversation, membership)] : [];
      });
      return { memberships: (await Promise.all(memberships)).flat() };
    },

    async listChangedMarks(request) {
      const since = request.since ? timestampMs(request.since) : 0;
      return { marks: (await deps.marks.changedSince(userId(request.userId), since)).map(toMarks) };
    },

    async checkMembership(request) {
      const id = conversationId(request.conversationId);
      const conversation = await deps.conversations.conversation(id);
      const membership = await deps.conversations.membership(id, userId(request.userId));
      if (!conversation || !membership) return { mayPost: false };
      return {
        membership: toMembership(conversation, membership),
        mayPost: mayPost(conversation, membership.role),
      };
    },
  };
}

function toMembership(conversation: ConversationView, view: MembershipView): Membership {
  return create(MembershipSchema, {
    conversationId: view.conversationId,
    userId: view.userId,
    role: view.role,
    ranges: view.ranges.map(({ from, to }) => ({
      fromSeq: BigInt(from),
      toSeq: to === Number.POSITIVE_INFINITY ? 0n : BigInt(to),
    })),
    joinedSeq: BigInt(view.joined.seq),
    kind: conversation.kind,
    memberCount: conversation.memberCount,
  });
}
