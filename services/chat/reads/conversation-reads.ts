import { HistoryPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import type { ConversationId, UserId } from "#platform/runtime/ids.ts";
import type { ConversationStore } from "../stores/conversation-store.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import { applyToMembership, type MembershipView, usersTouchedBy } from "../views/membership-view.ts";
import { createConversationRows } from "./conversation-rows.ts";
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
  const conversation = createConversationRows(store, following);

  async function memberships(id: ConversationId, users: readonly UserId[]): Promise<MembershipView[]> {
    if (!isKnownShard(following, id)) return [];
    const { base, tail } = await withTail(following, id, () => store.memberships(id, users));
    const stored = new Map(base.map((view) => [view.userId, view]));
    const history = tail.length > 0 ? await historyOf(id) : HistoryPolicy.FROM_JOIN;
    return users.map((user) => fold(stored.get(user), user, tail, history)).filter((view) => view !== undefined);
  }

  /** It is set when the conversation is created, and stays. */
  async function historyOf(id: ConversationId): Promise<HistoryPolicy> {
    return (await conversation(id))?.history ?? HistoryPolicy.FROM_JOIN;
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
    conversation: async (id) => (isKnownShard(following, id) ? conversation(id) : undefined),
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

function fold(
  view: MembershipView | undefined,
  user: UserId,
  tail: readonly FollowedEntry[],
  history: HistoryPolicy,
): MembershipView | undefined {
  return tail.reduce((folded, entry) => applyToMembership(folded, user, entry, history), view);
}
