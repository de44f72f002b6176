import { timestampMs } from "@bufbuild/protobuf/wkt";
import { ConversationKind, type Event, HistoryPolicy, PostingPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";
import { type ConversationId, conversationId, type UserId, userId } from "#platform/runtime/ids.ts";
import type { VisibleRange } from "./visibility.ts";

/** A conversation after its events up to `headSeq`. */
export interface ConversationView {
  readonly conversationId: ConversationId;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly posting: PostingPolicy;
  readonly history: HistoryPolicy;
  /** The two people of a direct conversation; empty otherwise. */
  readonly pair: readonly UserId[];
  /** Members with the role of owner; empty for direct conversations. */
  readonly owners: readonly UserId[];
  readonly headSeq: number;
  readonly messageCount: number;
  readonly headTimeMs: number;
  readonly memberCount: number;
  /** Numbers that were lost with a log. */
  readonly voids: readonly VisibleRange[];
  /** The last event, encoded. */
  readonly lastEvent: Uint8Array;
  /** Position and incarnation of the last event: what is at or below it was applied. */
  readonly position: number;
  readonly incarnation: number;
}

/** The conversation after one more event. Entries at or below its position change nothing. */
export function applyToConversation(
  view: ConversationView | undefined,
  entry: FollowedEntry,
): ConversationView | undefined {
  if (view && isApplied(view, entry)) return view;
  const base = view ?? emptyView(entry.event);
  if (!base) return undefined;
  return {
    ...base,
    ...changeOf(base, entry.event),
    headSeq: entry.seq,
    messageCount: Number(entry.event.messageCount),
    headTimeMs: entry.event.time ? timestampMs(entry.event.time) : base.headTimeMs,
    lastEvent: entry.bytes,
    position: entry.position,
    incarnation: entry.incarnation,
  };
}

/** Whether a row that carries the position last applied already holds the entry. */
export function isApplied(row: { position: number; incarnation: number }, entry: FollowedEntry): boolean {
  return (
    entry.incarnation < row.incarnation || (entry.incarnation === row.incarnation && entry.position <= row.position)
  );
}

function emptyView(event: Event): ConversationView | undefined {
  if (event.body.case !== "conversationCreated") return undefined;
  const { kind, name, posting, history } = event.body.value;
  return {
    conversationId: conversationId(event.conversationId),
    kind,
    name,
    posting: posting || PostingPolicy.MEMBERS,
    history: history || HistoryPolicy.FROM_JOIN,
    pair: [],
    owners: [],
    headSeq: 0,
    messageCount: 0,
    headTimeMs: 0,
    memberCount: 0,
    voids: [],
    lastEvent: new Uint8Array(),
    position: 0,
    incarnation: 0,
  };
}

function changeOf(view: ConversationView, { body }: Event): Partial<ConversationView> {
  switch (body.case) {
    case "conversationCreated": {
      const members = body.value.members.map((member) => userId(member.userId));
      const owners = body.value.members.filter((member) => member.role === Role.OWNER);
      return {
        memberCount: members.length,
        pair: body.value.kind === ConversationKind.DIRECT ? members : [],
        owners: owners.map((member) => userId(member.userId)),
      };
    }
    case "membersAdded":
      return { memberCount: view.memberCount + body.value.members.length };
    case "memberRemoved":
      return { memberCount: view.memberCount - 1, owners: without(view.owners, body.value.userId) };
    case "roleChanged": {
      const others = without(view.owners, body.value.userId);
      return { owners: body.value.role === Role.OWNER ? [...others, userId(body.value.userId)] : others };
    }
    case "conversationChanged":
      return { name: body.value.name ?? view.name, posting: body.value.posting ?? view.posting };
    case "void":
      return { voids: [...view.voids, { from: Number(body.value.from), to: Number(body.value.to) }] };
    default:
      return {};
  }
}

function without(users: readonly UserId[], user: string): UserId[] {
  return users.filter((other) => other !== user);
}
