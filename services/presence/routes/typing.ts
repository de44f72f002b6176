import { create, toBinary } from "@bufbuild/protobuf";
import type { Client, ServiceImpl } from "@connectrpc/connect";
import type { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { type PresenceService, TypingSchema } from "#gen/parley/presence/v1/presence_pb.js";
import type { Bus } from "#platform/bus/bus.ts";
import { callAs, callingUser } from "#platform/rpc/identity.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import { presenceErrors } from "../errors.ts";
import type { TypingLimit } from "../stores/typing-limit.ts";

/** Members of a conversation up to which typing is delivered. */
export const maxTypingMembers = 100;

export interface TypingDeps {
  readonly chat: Client<typeof ChatService>;
  readonly bus: Bus;
  readonly limit: TypingLimit;
}

type TypingRoutes = Pick<ServiceImpl<typeof PresenceService>, "setTyping">;

export function createTypingRoutes({ chat, bus, limit }: TypingDeps): TypingRoutes {
  return {
    async setTyping(request, context) {
      const { userId } = callingUser(context);
      const { typing } = request;
      const conversation = conversationId(request.conversationId);
      const { membership, mayPost } = await chat.checkMembership(
        { conversationId: conversation, userId },
        callAs({ kind: "service", name: "presence" }, { signal: context.signal }),
      );
      if (!membership?.role) throw presenceErrors.NOT_A_MEMBER();
      if (!mayPost || membership.memberCount > maxTypingMembers) return {};
      if (!(await limit.admit(userId, conversation, typing))) return {};
      bus.publish(
        "typing",
        toBinary(TypingSchema, create(TypingSchema, { conversationId: conversation, userId, typing })),
      );
      return {};
    },
  };
}
