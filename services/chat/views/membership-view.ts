import { type Event, HistoryPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";
import { type ConversationId, type UserId, userId } from "#platform/runtime/ids.ts";
import { isApplied } from "./conversation-view.ts";
import type { Point } from "./unread.ts";
import { closeRange, openRange, type Visibility } from "./visibility.ts";

/** A user's part in a conversation, past or present. */
export interface MembershipView {
  readonly conversationId: ConversationId;
  readonly userId: UserId;
  /** UNSPECIFIED once ended. */
  readonly role: Role;
  readonly ranges: Visibility;
  /** The event that last added the user. */
  readonly joined: Point;
  /** The last message that the user posted. */
  readonly lastOwn: Point;
  readonly position: number;
  readonly incarnation: number;
}

/** Users whose membership an event changes, the author of a message included. */
export function usersTouchedBy(event: Event): UserId[] {
  const { body } = event;
  switch (body.case) {
    case "conversationCreated":
    case "membersAdded":
      return body.value.members.map((member) => userId(member.userId));
    case "memberRemoved":
    case "roleChanged":
      return [userId(body.value.userId)];
    default:
      return isPost(event) ? [userId(event.authorId)] : [];
  }
}

/** The roles that an event sets; UNSPECIFIED ends a membership. */
export function rolesSetBy({ body }: Event): [UserId, Role][] {
  switch (body.case) {
    case "conversationCreated":
    case "membersAdded":
      return body.value.members.map((member) => [userId(member.userId), member.role || Role.MEMBER]);
    case "memberRemoved":
      return [[userId(body.value.userId), Role.UNSPECIFIED]];
    case "roleChanged":
      return [[userId(body.value.userId), body.value.role]];
    default:
      return [];
  }
}

/** Whether the event is a message, or the tombstone of one. */
export function isPost(event: Event): boolean {
  return (
    event.body.case === "messagePosted" || (event.body.case === "tombstone" && event.body.value.targetSeq === event.seq)
  );
}

/** One user's membership after one more event. Entries at or below its position change nothing. */
export function applyToMembership(
  view: MembershipView | undefined,
  user: UserId,
  entry: FollowedEntry,
  history: HistoryPolicy,
): MembershipView | undefined {
  if (view && isApplied(view, entry)) return view;
  if (!usersTouchedBy(entry.event).includes(user)) return view;
  const base = view ?? emptyMembership(entry.conversationId, user);
  const changed = changeOf(base, user, entry, history);
  return { ...base, ...changed, position: entry.position, incarnation: entry.incarnation };
}

function emptyMembership(conversationId: ConversationId, user: UserId): MembershipView {
  const none = { seq: 0, count: 0 };
  return {
    conversationId,
    userId: user,
    role: Role.UNSPECIFIED,
    ranges: [],
    joined: none,
    lastOwn: none,
    position: 0,
    incarnation: 0,
  };
}

function changeOf(
  view: MembershipView,
  user: UserId,
  { event, seq }: FollowedEntry,
  history: HistoryPolicy,
): Partial<MembershipView> {
  const here = { seq, count: Number(event.messageCount) };
  switch (event.body.case) {
    case "conversationCreated":
    case "membersAdded": {
      const role = event.body.value.members.find((member) => member.userId === user)?.role || Role.MEMBER;
      const from = history === HistoryPolicy.FROM_START ? 1 : seq;
      return { role, ranges: openRange(view.ranges, from), joined: here };
    }
    case "memberRemoved":
      return { role: Role.UNSPECIFIED, ranges: closeRange(view.ranges, seq) };
    case "roleChanged":
      return { role: event.body.value.role };
    default:
      return isPost(event) ? { lastOwn: here } : {};
  }
}
