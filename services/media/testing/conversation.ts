import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createMethodImplSpec } from "@connectrpc/connect";
import { ChatService, type MembershipSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { Role } from "#gen/parley/chat/v1/events_pb.js";
import { callingUser } from "#platform/rpc/identity.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { newConversationId, type UserId, userId } from "#platform/runtime/ids.ts";

/** A conversation with members that come and go, and a chat service that tells of it. */
export function createConversation() {
  const id = newConversationId(1);
  const memberships = new Map<UserId, MessageInitShape<typeof MembershipSchema>>();
  let head = 1n;
  const { checkMembership, getConversation } = ChatService.method;
  const chat = [
    createMethodImplSpec(checkMembership, (request) => {
      const membership = request.conversationId === id ? memberships.get(userId(request.userId)) : undefined;
      return membership ? { membership } : {};
    }),
    createMethodImplSpec(getConversation, (_request, context) => {
      if (!memberships.has(callingUser(context).userId)) throw new ConnectError("not a member", Code.PermissionDenied);
      return { conversation: { conversationId: id, headSeq: head } };
    }),
  ];
  return {
    id,
    peers: createPeerTransport({ ...createServed(), find: (method) => chat.find((spec) => spec.method === method) }),
    post: () => ++head,
    add(user: UserId) {
      memberships.set(user, { role: Role.MEMBER, ranges: [{ fromSeq: ++head }] });
    },
    remove(user: UserId) {
      const [range] = memberships.get(user)?.ranges ?? [];
      memberships.set(user, { role: Role.UNSPECIFIED, ranges: [{ fromSeq: range?.fromSeq ?? 1n, toSeq: ++head }] });
    },
  };
}
