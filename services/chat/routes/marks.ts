import { create, toBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { type ChatService, type Marks, MarksSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { callingUser } from "#platform/rpc/identity.ts";
import { type ConversationId, conversationId, shardOf } from "#platform/runtime/ids.ts";
import { memberAccess, readAccess } from "../access.ts";
import type { ChatDeps } from "../deps.ts";
import { noMarks, pointAt, unreadOf } from "../member-state.ts";
import type { StoredMark } from "../stores/mark-store.ts";

/** In conversations of more members marks are not shown to others. */
export const maxMembersWithMarks = 100;

type MarkDeps = Pick<
  ChatDeps,
  "conversations" | "history" | "marks" | "after" | "catchUp" | "following" | "sequencer" | "bus" | "clock"
>;
type Handlers = Pick<ServiceImpl<typeof ChatService>, "setMarks" | "listMarks" | "getUnread">;

export function markRoutes(deps: MarkDeps): Handlers {
  return {
    async setMarks(request, context) {
      const { userId } = callingUser(context);
      const id = conversationId(request.conversationId);
      await heardOf(deps, id, Math.max(Number(request.readSeq), Number(request.deliveredSeq)), context.signal);
      const access = await memberAccess(deps, id, userId);
      const within = (seq: bigint) => Math.min(Number(seq), access.visibleHead);
      const read = await pointAt(deps, access, within(request.readSeq));
      const before = (await deps.marks.mark(id, userId)) ?? noMarks(id, userId);
      const deliveredSeq = Math.max(within(request.deliveredSeq), read.seq);
      const mark = await deps.marks.raise({ conversationId: id, userId, read, deliveredSeq }, deps.clock());
      const marks = toMarks(mark);
      if (mark.read.seq > before.read.seq || mark.deliveredSeq > before.deliveredSeq) {
        deps.bus.publish("marks", toBinary(MarksSchema, marks));
      }
      return { marks, unread: await unreadOf(deps, access, mark) };
    },

    async listMarks(request, context) {
      const { userId } = callingUser(context);
      const id = conversationId(request.conversationId);
      const { conversation } = await memberAccess(deps, id, userId);
      if (conversation.memberCount <= maxMembersWithMarks) {
        const members = await deps.conversations.members(id, "", maxMembersWithMarks);
        const marks = await deps.marks.marks(
          id,
          members.map((member) => member.userId),
        );
        return { marks: marks.map(toMarks) };
      }
      return { marks: [toMarks((await deps.marks.mark(id, userId)) ?? noMarks(id, userId))] };
    },

    async getUnread(request, context) {
      const { userId } = callingUser(context);
      await deps.after.wait(userId, request.after, context.signal);
      const unread = request.conversationIds.map(conversationId).map(async (id) => {
        const access = await readAccess(deps, id, userId);
        return unreadOf(deps, access, (await deps.marks.mark(id, userId)) ?? noMarks(id, userId));
      });
      return { unread: await Promise.all(unread) };
    },
  };
}

/** What the caller has seen came from a process that may have followed the log further than this one. */
async function heardOf(deps: MarkDeps, id: ConversationId, seq: number, signal: AbortSignal): Promise<void> {
  const shard = shardOf(id);
  if (shard >= deps.following.shards || deps.sequencer.holds(shard)) return;
  const conversation = await deps.conversations.conversation(id);
  if (seq > (conversation?.headSeq ?? 0)) await deps.catchUp(shard, signal);
}

export function toMarks({ conversationId: id, userId, read, deliveredSeq }: StoredMark): Marks {
  return create(MarksSchema, {
    conversationId: id,
    userId,
    readSeq: BigInt(read.seq),
    deliveredSeq: BigInt(deliveredSeq),
  });
}
