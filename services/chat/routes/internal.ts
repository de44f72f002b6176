import { setImmediate as nextTurn } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type ChatService, type Membership, MembershipSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { type ConversationId, conversationId, type UserId, userId } from "#platform/runtime/ids.ts";
import { mayPost } from "../access.ts";
import type { ChatDeps } from "../deps.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import type { MembershipView } from "../views/membership-view.ts";
import { pageOfEvents, rangesWithin } from "./history.ts";
import { toMarks } from "./marks.ts";

type InternalDeps = Pick<ChatDeps, "conversations" | "history" | "marks">;
type Handlers = Pick<
  ServiceImpl<typeof ChatService>,
  "listMemberships" | "listChangedMarks" | "readEvents" | "checkMembership"
>;

/** Partitions that are read at once for one call: others have their turn in between. */
const partitionsATurn = 32;
/** Most events of one answer. */
const maxEvents = 200;

export function internalRoutes(deps: InternalDeps): Handlers {
  return {
    async listMemberships(request) {
      const users = [...new Set([request.userId, ...request.userIds].filter((id) => id !== "").map(userId))];
      const usersOf = new Map<ConversationId, UserId[]>();
      await eachInTurns(users, async (user) => {
        for (const id of await deps.conversations.conversationsOf(user)) {
          usersOf.set(id, [...(usersOf.get(id) ?? []), user]);
        }
      });
      const memberships = await eachInTurns([...usersOf], async ([id, members]) => {
        const conversation = await deps.conversations.conversation(id);
        if (!conversation) return [];
        const views = await deps.conversations.memberships(id, members);
        return views.map((view) => toMembership(conversation, view));
      });
      return { memberships: memberships.flat() };
    },

    async listChangedMarks(request) {
      const queries = [request, ...request.further].filter((query) => query.userId !== "");
      const marks = await eachInTurns(queries, ({ userId: user, since }) =>
        deps.marks.changedSince(userId(user), since ? timestampMs(since) : 0),
      );
      return { marks: marks.flat().map(toMarks) };
    },

    async readEvents({ conversationId: asked, fromSeq, toSeq }) {
      const id = conversationId(asked);
      const conversation = await deps.conversations.conversation(id);
      if (!conversation) return {};
      const to = Math.min(Number(toSeq), conversation.headSeq);
      const ranges = rangesWithin(conversation, [{ from: 1, to: conversation.headSeq }], Number(fromSeq), to);
      return { ...(await pageOfEvents(deps, id, ranges, maxEvents)), headSeq: BigInt(conversation.headSeq) };
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

/** As `Promise.all`, but few at a time. */
async function eachInTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += partitionsATurn) {
    if (start > 0) await nextTurn();
    results.push(...(await Promise.all(items.slice(start, start + partitionsATurn).map(work))));
  }
  return results;
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
