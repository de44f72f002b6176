import { create, fromBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type ChatService,
  type Conversation,
  ConversationSchema,
  UpdateConversationRequestSchema,
} from "#gen/parley/chat/v1/chat_pb.js";
import { EventSchema, Role } from "#gen/parley/chat/v1/events_pb.js";
import { callingUser } from "#platform/rpc/identity.ts";
import { type ConversationId, conversationId, type UserId } from "#platform/runtime/ids.ts";
import { type MemberAccess, readAccess } from "../access.ts";
import { decideUpdate } from "../commands/decisions.ts";
import { submit } from "../commands/submit.ts";
import type { ChatDeps } from "../deps.ts";
import { noMarks, unreadOf } from "../member-state.ts";
import { openPage, sealPage } from "../page-tokens.ts";
import { toMarks } from "./marks.ts";

const defaultPageSize = 50;

export type ConversationDeps = Pick<ChatDeps, "conversations" | "history" | "marks" | "after" | "sealer" | "sequencer">;
type Handlers = Pick<ServiceImpl<typeof ChatService>, "getConversation" | "listConversations" | "updateConversation">;

export function conversationRoutes(deps: ConversationDeps): Handlers {
  return {
    async getConversation(request, context) {
      const { userId } = callingUser(context);
      await deps.after.wait(userId, request.after, context.signal);
      const access = await readAccess(deps, conversationId(request.conversationId), userId);
      return { conversation: await present(deps, access) };
    },

    async listConversations(request, context) {
      const { userId } = callingUser(context);
      await deps.after.wait(userId, request.after, context.signal);
      const start = openPage(deps.sealer, userId, request.pageToken);
      const all = await accessesOf(deps, userId);
      const limit = request.pageSize || defaultPageSize;
      const page = all.filter((access) => start === "" || sortKey(access) > start).slice(0, limit);
      const last = page.at(-1);
      const more = last !== undefined && last !== all.at(-1);
      return {
        conversations: await Promise.all(page.map((access) => present(deps, access))),
        nextPageToken: more ? sealPage(deps.sealer, userId, sortKey(last)) : "",
      };
    },

    async updateConversation(request, context) {
      const caller = callingUser(context);
      const id = conversationId(request.conversationId);
      const { name, posting } = request;
      const outcome = await submit(deps, {
        caller,
        conversationId: id,
        clientId: request.clientId,
        schema: UpdateConversationRequestSchema,
        request,
        users: [caller.userId],
        decide: decideUpdate(caller.userId, {
          ...(name === undefined ? {} : { name }),
          ...(posting ? { posting } : {}),
        }),
        context,
      });
      return { seq: BigInt(outcome.seq), after: deps.after.of(caller.userId, id, [outcome]) };
    },
  };
}

/** The caller's present conversations, those with the latest event first. */
async function accessesOf(deps: ConversationDeps, user: UserId): Promise<MemberAccess[]> {
  const ids = await deps.conversations.conversationsOf(user);
  const accesses = await Promise.all(ids.map((id) => presentAccess(deps, id, user)));
  const present = accesses.filter((access) => access !== undefined);
  return present.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

async function presentAccess(
  deps: ConversationDeps,
  id: ConversationId,
  user: UserId,
): Promise<MemberAccess | undefined> {
  const conversation = await deps.conversations.conversation(id);
  const membership = await deps.conversations.membership(id, user);
  if (!conversation || !membership || membership.role === Role.UNSPECIFIED) return undefined;
  return { conversation, membership, visibleHead: conversation.headSeq };
}

/** Rises as the time of the last event falls; the id makes it unique. */
function sortKey({ conversation }: MemberAccess): string {
  const age = Number.MAX_SAFE_INTEGER - conversation.headTimeMs;
  return `${String(age).padStart(16, "0")}/${conversation.conversationId}`;
}

/** A conversation as one member sees it. */
export async function present(deps: ConversationDeps, access: MemberAccess): Promise<Conversation> {
  const { conversation, membership, visibleHead } = access;
  const id = conversation.conversationId;
  const mark = (await deps.marks.mark(id, membership.userId)) ?? noMarks(id, membership.userId);
  const lastEvent = await lastVisibleEvent(deps, access);
  const { name, posting, memberCount } = conversation;
  return create(ConversationSchema, {
    conversationId: id,
    kind: conversation.kind,
    ...(membership.role === Role.UNSPECIFIED ? {} : { name, posting, memberCount }),
    history: conversation.history,
    headSeq: BigInt(visibleHead),
    role: membership.role,
    unread: await unreadOf(deps, access, mark),
    marks: toMarks(mark),
    ...(lastEvent ? { lastEvent: fromBinary(EventSchema, lastEvent) } : {}),
    peerId: conversation.pair.find((user) => user !== membership.userId) ?? "",
  });
}

async function lastVisibleEvent(deps: ConversationDeps, { conversation, visibleHead }: MemberAccess) {
  if (visibleHead === conversation.headSeq) return conversation.lastEvent;
  const [event] = await deps.history.events(conversation.conversationId, visibleHead, visibleHead, 1);
  return event?.event;
}
