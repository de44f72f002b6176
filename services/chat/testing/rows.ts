import { ConversationKind, HistoryPolicy, PostingPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import { type ConversationId, type UserId, userId } from "#platform/runtime/ids.ts";
import type { ConversationStore } from "../stores/conversation-store.ts";
import type { HistoryStore } from "../stores/history-store.ts";
import type { ProjectedRows, ProjectionStore } from "../stores/projection-store.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import type { MembershipView } from "../views/membership-view.ts";
import type { MessageView } from "../views/message-view.ts";

/** What the projector writes to and what is read of it, on one engine. */
export interface ProjectedStores {
  readonly projection: ProjectionStore;
  readonly conversations: ConversationStore;
  readonly history: HistoryStore;
}

/** A stretch that leads to no rows. */
export const noRows: ProjectedRows = {
  conversations: [],
  memberships: [],
  roles: [],
  messages: [],
  events: [],
  deletions: [],
  sentIds: [],
};

/** Writes rows of shard 0 under the checkpoint of a position; the roles of all memberships, as if each were set. */
export async function writeRows(
  { projection }: ProjectedStores,
  rows: Partial<ProjectedRows>,
  position = 1,
): Promise<void> {
  const { memberships: roles = [] } = rows;
  await projection.apply(0, { ...noRows, roles, ...rows }, { position, incarnation: 1, entryHash: new Uint8Array(32) });
}

export function conversationRow(id: ConversationId, more: Partial<ConversationView> = {}): ConversationView {
  return {
    conversationId: id,
    kind: ConversationKind.GROUP,
    name: "group",
    posting: PostingPolicy.MEMBERS,
    history: HistoryPolicy.FROM_JOIN,
    pair: [],
    owners: [userId("ada")],
    headSeq: 3,
    messageCount: 2,
    headTimeMs: 1_000,
    memberCount: 1,
    voids: [{ from: 2, to: 2 ** 33 - 1 }],
    lastEvent: Uint8Array.of(1, 2),
    position: 7,
    incarnation: 1,
    ...more,
  };
}

export function membershipRow(id: ConversationId, user: UserId, more: Partial<MembershipView> = {}): MembershipView {
  return {
    conversationId: id,
    userId: user,
    role: Role.MEMBER,
    ranges: [
      { from: 1, to: 4 },
      { from: 9, to: Number.POSITIVE_INFINITY },
    ],
    joined: { seq: 9, count: 4 },
    lastOwn: { seq: 3, count: 2 },
    position: 7,
    incarnation: 1,
    ...more,
  };
}

export function messageRow(id: ConversationId, messageCount: number, more: Partial<MessageView> = {}): MessageView {
  return {
    conversationId: id,
    seq: messageCount + 1,
    messageCount,
    authorId: "ada",
    posted: Buffer.from(`message ${messageCount}`),
    edited: undefined,
    editSeqs: [],
    deleted: false,
    position: messageCount,
    incarnation: 1,
    ...more,
  };
}

export function eventRow(id: ConversationId, seq: number, text = `event ${seq}`, position = seq, incarnation = 1) {
  return { conversationId: id, seq, event: Buffer.from(text), position, incarnation };
}
