import { PostingPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import type { ChatDeps } from "./deps.ts";
import { chatErrors } from "./errors.ts";
import type { ConversationView } from "./views/conversation-view.ts";
import type { MembershipView } from "./views/membership-view.ts";

export interface MemberAccess {
  readonly conversation: ConversationView;
  readonly membership: MembershipView;
  /** Last `seq` that the member may see. */
  readonly visibleHead: number;
}

/** What a present or past member may see of a conversation. Throws NOT_A_MEMBER for everybody else. */
export async function readAccess(
  deps: Pick<ChatDeps, "conversations">,
  id: ConversationId,
  user: UserId,
): Promise<MemberAccess> {
  const conversation = await deps.conversations.conversation(id);
  const membership = conversation && (await deps.conversations.membership(id, user));
  const lastRange = membership?.ranges.at(-1);
  if (!conversation || !membership || !lastRange) throw chatErrors.NOT_A_MEMBER();
  return { conversation, membership, visibleHead: Math.min(conversation.headSeq, lastRange.to) };
}

/** As `readAccess`, for present members only. */
export async function memberAccess(
  deps: Pick<ChatDeps, "conversations">,
  id: ConversationId,
  user: UserId,
): Promise<MemberAccess> {
  const access = await readAccess(deps, id, user);
  if (access.membership.role === Role.UNSPECIFIED) throw chatErrors.NOT_A_MEMBER();
  return access;
}

/** Whether the role may post under the conversation's policy. */
export function mayPost(conversation: Pick<ConversationView, "posting">, role: Role): boolean {
  return role !== Role.UNSPECIFIED && (role >= Role.ADMIN || conversation.posting !== PostingPolicy.ADMINS);
}
