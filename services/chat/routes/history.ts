import { fromBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { ChatService, ListMessagesRequest } from "#gen/parley/chat/v1/chat_pb.js";
import { EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { callingUser } from "#platform/rpc/identity.ts";
import { type ConversationId, conversationId } from "#platform/runtime/ids.ts";
import { type MemberAccess, readAccess } from "../access.ts";
import type { ChatDeps } from "../deps.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import { isPost } from "../views/membership-view.ts";
import { type MessageView, toMessage } from "../views/message-view.ts";
import { isVisible, type VisibleRange, visibleWithin, withoutHoles } from "../views/visibility.ts";

const defaultEvents = 200;
const defaultMessages = 50;
/** Most bytes of events or messages in one answer; at least one is given. */
export const maxPageBytes = 1024 * 1024;

const noBound = Number.POSITIVE_INFINITY;

type HistoryDeps = Pick<ChatDeps, "conversations" | "history" | "after">;

export function historyRoutes(deps: HistoryDeps): Pick<ServiceImpl<typeof ChatService>, "listEvents" | "listMessages"> {
  return {
    async listEvents(request, context) {
      const { userId } = callingUser(context);
      const id = conversationId(request.conversationId);
      await deps.after.wait(userId, request.after, context.signal);
      const access = await readAccess(deps, id, userId);
      const ranges = visibleRanges(access, Number(request.fromSeq), Number(request.toSeq) || noBound);
      return pageOfEvents(deps, id, ranges, request.pageSize || defaultEvents);
    },

    async listMessages(request, context) {
      const { userId } = callingUser(context);
      const id = conversationId(request.conversationId);
      await deps.after.wait(userId, request.after, context.signal);
      const access = await readAccess(deps, id, userId);
      const limit = request.pageSize || defaultMessages;
      const { views, more } = cutToBytes(await readMessages(deps, access, request, limit + 1), limit);
      const visible = await Promise.all(views.map((view) => asVisible(deps, access, view)));
      return { messages: visible.map(toMessage), more };
    },
  };
}

/** The events of the ranges, in order, as many as one answer takes. */
export async function pageOfEvents(
  { history }: Pick<ChatDeps, "history">,
  id: ConversationId,
  ranges: readonly VisibleRange[],
  limit: number,
) {
  const found: Uint8Array[] = [];
  let bytes = 0;
  for (const range of ranges) {
    // One more than asked for, so that the number of the next event is known.
    for (const row of await history.events(id, range.from, range.to, limit + 1 - found.length)) {
      bytes += row.event.length;
      if (found.length === limit || (found.length > 0 && bytes > maxPageBytes)) return page(found, row.seq);
      found.push(row.event);
    }
  }
  return page(found, 0);
}

function page(events: readonly Uint8Array[], nextSeq: number) {
  return { events: events.map((bytes) => fromBinary(EventSchema, bytes)), nextSeq: BigInt(nextSeq) };
}

/** What is visible between two numbers. */
function visibleRanges({ membership, conversation, visibleHead }: MemberAccess, from: number, to: number) {
  return rangesWithin(conversation, membership.ranges, from, Math.min(to, visibleHead));
}

/** The parts of ranges between two numbers, without the numbers that were lost. A void's event is at its end. */
export function rangesWithin(
  { voids }: ConversationView,
  ranges: readonly VisibleRange[],
  from: number,
  to: number,
): VisibleRange[] {
  const holes = voids.map((lost) => ({ from: lost.from, to: lost.to - 1 }));
  return visibleWithin(ranges, from, to).flatMap((range) => withoutHoles(range, holes));
}

async function readMessages(
  deps: HistoryDeps,
  access: MemberAccess,
  { anchor }: ListMessagesRequest,
  limit: number,
): Promise<MessageView[]> {
  const id = access.conversation.conversationId;
  const isRising = anchor.case === "afterSeq";
  const ranges = isRising
    ? visibleRanges(access, Number(anchor.value) + 1, noBound)
    : visibleRanges(access, 0, anchor.value ? Number(anchor.value) - 1 : noBound).reverse();
  const found: MessageView[] = [];
  for (const range of ranges) {
    if (found.length >= limit) break;
    const counts = await countsWithin(deps, id, range);
    const order = isRising ? "rising" : "falling";
    found.push(...(await deps.history.messages(id, counts.from, counts.to, order, limit - found.length)));
  }
  return found;
}

/** Numbers of the messages posted in a range of events; both ends of the range are events. */
async function countsWithin(deps: HistoryDeps, id: ConversationId, range: VisibleRange): Promise<VisibleRange> {
  const [first] = await deps.history.events(id, range.from, range.from, 1);
  const [last] = await deps.history.events(id, range.to, range.to, 1);
  if (!first || !last) return { from: 1, to: 0 };
  const event = fromBinary(EventSchema, first.event);
  const before = Number(event.messageCount) - (isPost(event) ? 1 : 0);
  return { from: before + 1, to: Number(fromBinary(EventSchema, last.event).messageCount) };
}

/** The message with the last edit that the caller may see: what was followed since the access was read may be beyond. */
async function asVisible(
  deps: HistoryDeps,
  { membership, visibleHead }: MemberAccess,
  view: MessageView,
): Promise<MessageView> {
  const seq = view.editSeqs.findLast((edit) => edit <= visibleHead && isVisible(membership.ranges, edit));
  if (view.deleted || seq === view.editSeqs.at(-1)) return view;
  const [edit] = seq === undefined ? [] : await deps.history.events(view.conversationId, seq, seq, 1);
  return { ...view, edited: edit?.event };
}

function cutToBytes(views: readonly MessageView[], limit: number): { views: MessageView[]; more: boolean } {
  const kept: MessageView[] = [];
  let bytes = 0;
  for (const view of views) {
    bytes += view.posted.length + (view.edited?.length ?? 0);
    if (kept.length === limit || (kept.length > 0 && bytes > maxPageBytes)) return { views: kept, more: true };
    kept.push(view);
  }
  return { views: kept, more: false };
}
