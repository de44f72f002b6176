import type { Client } from "@connectrpc/connect";
import type { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { Role } from "#gen/parley/chat/v1/events_pb.js";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";
import type { ConversationId } from "#platform/runtime/ids.ts";
import { mediaErrors } from "./errors.ts";
import type { StoredMedia } from "./stores/media-store.ts";

/** What the chat service says of a user and a conversation, asked each time. */
export interface Conversations {
  /** Throws NOT_A_MEMBER where the user is not a member now. */
  requireMember(user: UserIdentity, id: ConversationId, signal: AbortSignal): Promise<void>;
  /** `seq` of the conversation's last event. */
  readHead(user: UserIdentity, id: ConversationId, signal: AbortSignal): Promise<number>;
  /**
   * Whether a user may read a file: members may, and who was removed may read those that were complete before, because
   * what mentioned them can be in the part of the history that stays visible.
   */
  mayRead(user: UserIdentity, media: StoredMedia, signal: AbortSignal): Promise<boolean>;
}

export function createConversations(chat: Client<typeof ChatService>): Conversations {
  const readMembership = async ({ userId }: UserIdentity, conversationId: ConversationId, signal: AbortSignal) => {
    const asked = callAs({ kind: "service", name: "media" }, { signal });
    return (await chat.checkMembership({ conversationId, userId }, asked)).membership;
  };
  return {
    async requireMember(user, id, signal) {
      const membership = await readMembership(user, id, signal);
      if (!membership || membership.role === Role.UNSPECIFIED) throw mediaErrors.NOT_A_MEMBER();
    },
    async readHead(user, conversationId, signal) {
      const { conversation } = await chat.getConversation({ conversationId }, callAs(user, { signal }));
      return Number(conversation?.headSeq ?? 0);
    },
    async mayRead(user, media, signal) {
      const membership = await readMembership(user, media.conversationId, signal);
      if (!membership) return false;
      if (membership.role !== Role.UNSPECIFIED) return true;
      return membership.ranges.some(({ toSeq }) => Number(toSeq) > media.completedSeq);
    },
  };
}
