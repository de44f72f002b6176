import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import type { MemberAccess } from "./access.ts";
import type { ChatDeps } from "./deps.ts";
import type { StoredMark } from "./stores/mark-store.ts";
import type { ConversationView } from "./views/conversation-view.ts";
import { countUnread, maxUnread, type Point, type UnreadCount } from "./views/unread.ts";

type StateDeps = Pick<ChatDeps, "marks" | "history">;

/** The marks of somebody who has none yet. */
export function noMarks(id: ConversationId, user: UserId): StoredMark {
  return { conversationId: id, userId: user, read: { seq: 0, count: 0 }, deliveredSeq: 0 };
}

/** A number inside a void counts as the void: there is no event at the number itself. */
export function besideVoids({ voids }: ConversationView, seq: number): number {
  return voids.find((lost) => seq >= lost.from && seq < lost.to)?.to ?? seq;
}

/** `message_count` at a number up to the visible head. */
export async function pointAt(deps: StateDeps, { conversation }: MemberAccess, seq: number): Promise<Point> {
  if (seq >= conversation.headSeq) return { seq: conversation.headSeq, count: conversation.messageCount };
  const there = besideVoids(conversation, seq);
  return { seq: there, count: (await deps.history.countAt(conversation.conversationId, there)) ?? 0 };
}

export async function unreadOf(deps: StateDeps, access: MemberAccess, mark: StoredMark): Promise<UnreadCount> {
  const { conversation, membership, visibleHead } = access;
  const id = conversation.conversationId;
  // What stood at a lost number was lost too: its count says nothing.
  const isLost = besideVoids(conversation, mark.read.seq) !== mark.read.seq;
  return countUnread({
    end: await pointAt(deps, access, visibleHead),
    read: isLost ? await pointAt(deps, access, mark.read.seq) : mark.read,
    lastOwn: membership.lastOwn,
    lastJoin: membership.joined,
    deletedWithin: (from, to) => deps.history.deletions(id, from, to, conversation.messageCount + maxUnread),
  });
}
