import { HistoryPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import type { ConversationStore } from "../stores/conversation-store.ts";
import { applyToConversation, type ConversationView } from "../views/conversation-view.ts";
import { applyToMembership, type MembershipView, usersTouchedBy } from "../views/membership-view.ts";
import type { RecentMemberships } from "./recent-memberships.ts";
import { isKnownShard, withTail } from "./tail.ts";

/** Conversations and memberships as of the followed tail. */
export interface ConversationReads {
  conversation(id: ConversationId): Promise<ConversationView | undefined>;
  membership(id: ConversationId, user: UserId): Promise<MembershipView | undefined>;
  /** Those that exist, in the order of the users. */
  memberships(id: ConversationId, users: readonly UserId[]): Promise<MembershipView[]>;
  /** Present members above `after` in the order of their ids. */
  members(id: ConversationId, after: string, limit: number): Promise<MembershipView[]>;
  /** Every conversation that the user is or was in. */
  conversationsOf(user: UserId): Promise<ConversationId[]>;
}

export function createConversationReads(
  store: ConversationStore,
  following: Following,
  recent: RecentMemberships,
): ConversationReads {
  async function memberships(id: ConversationId, users: readonly UserId[]): Promise<MembershipView[]> {
    if (!isKnownShard(following, id)) return [];
    const { base, tail } = await withTail(following, id, async () => ({
      conversation: await store.conversation(id),
      stored: await store.memberships(id, users),
    }));
    const stored = new Map(base.stored.map((view) => [view.userId, view]));
    const history = historyOf(base.conversation, tail);
    return users.map((user) => fold(stored.get(user), user, tail, history)).filter((view) => view !== undefined);
  }

  async function members(id: ConversationId, after: string, limit: number): Promise<MembershipView[]> {
    if (!isKnownShard(following, id)) return [];
    const { base, tail } = await withTail(following, id, () => store.members(id, after, limit));
    const touched = tail.flatMap((entry) => usersTouchedBy(entry.event)).filter((user) => user > after);
    const known = new Set(touched);
    // Where the page is full, people beyond its end belong to a later page.
    const end = base.length === limit ? base.at(-1)?.userId : undefined;
    const changed = await memberships(id, [...known]);
    const page = [...base.filter((view) => !known.has(view.userId)), ...changed]
      .filter((view) => view.role !== Role.UNSPECIFIED && (end === undefined || view.userId <= end))
      .sort((a, b) => (a.userId < b.userId ? -1 : 1))
      .slice(0, limit);
    if (end === undefined || page.length === limit) return page;
    // Some have left since the store was written.
    return [...page, ...(await members(id, end, limit - page.length))];
  }

  return {
    async conversation(id) {
      if (!isKnownShard(following, id)) return undefined;
      const { base, tail } = await withTail(following, id, () => store.conversation(id));
      return tail.reduce<ConversationView | undefined>(applyToConversation, base);
    },
    memberships,
    membership: async (id, user) => (await memberships(id, [user]))[0],
    members,
    async conversationsOf(user) {
      // Recent ones first: what leaves that list while the store is read is in the store.
      const ids = recent.of(user);
      return [...new Set([...ids, ...(await store.conversationsOf(user))])];
    },
  };
}

function historyOf(conversation: ConversationView | undefined, tail: readonly FollowedEntry[]): HistoryPolicy {
  if (conversation) return conversation.history;
  for (const { event } of tail) {
    if (event.body.case === "conversationCreated") return event.body.value.history;
  }
  return HistoryPolicy.FROM_JOIN;
}

function fold(
  view: MembershipView | undefined,
  user: UserId,
  tail: readonly FollowedEntry[],
  history: HistoryPolicy,
): MembershipView | undefined {
  return tail.reduce((folded, entry) => applyToMembership(folded, user, entry, history), view);
}
