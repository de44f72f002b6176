import type { Client } from "@connectrpc/connect";
import type { ChatService, VisibleRange } from "#gen/parley/chat/v1/chat_pb.js";
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
   * Whether a user may read a file: where what they see of the conversation reaches from before the file was complete to
   * after it, or where they see the message `messageSeq` and it shows the file.
   */
  mayRead(user: UserIdentity, media: StoredMedia, messageSeq: bigint, signal: AbortSignal): Promise<boolean>;
}

export function createConversations(chat: Client<typeof ChatService>): Conversations {
  const readMembership = async ({ userId }: UserIdentity, conversationId: ConversationId, signal: AbortSignal) => {
    const asked = callAs({ kind: "service", name: "media" }, { signal });
    return (await chat.checkMembership({ conversationId, userId }, asked)).membership;
  };
  /** Whether the user sees the message and it shows the file. */
  const shows = async (user: UserIdentity, { conversationId, id }: StoredMedia, seq: bigint, signal: AbortSignal) => {
    const request = { conversationId, anchor: { case: "afterSeq", value: seq - 1n }, pageSize: 1 } as const;
    const { messages } = await chat.listMessages(request, callAs(user, { signal }));
    const [message] = messages;
    return message?.seq === seq && (message.content?.attachments ?? []).some(({ mediaId }) => mediaId === id);
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
    async mayRead(user, media, messageSeq, signal) {
      const membership = await readMembership(user, media.conversationId, signal);
      if (!membership) return false;
      const completed = BigInt(media.completedSeq);
      const sawIt = ({ fromSeq, toSeq }: VisibleRange) => fromSeq <= completed && (toSeq === 0n || toSeq > completed);
      return membership.ranges.some(sawIt) || (messageSeq > 0n && (await shows(user, media, messageSeq, signal)));
    },
  };
}
