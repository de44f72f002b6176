import { create } from "@bufbuild/protobuf";
import {
  type Content,
  type ConversationCreated,
  ConversationKind,
  EventSchema,
  type PostingPolicy,
  Role,
} from "#gen/parley/chat/v1/events_pb.js";
import type { UserId } from "#platform/runtime/ids.ts";
import { mayPost } from "../access.ts";
import { chatErrors } from "../errors.ts";
import type { Decision, DecisionState } from "../sequencer/command.ts";
import type { ConversationView } from "../views/conversation-view.ts";

/** Most members of a group. */
export const maxGroupMembers = 1000;

export type Decide = (state: DecisionState) => Decision;

type Body = Parameters<typeof eventBody>[0];

function eventBody(body: NonNullable<Parameters<typeof create<typeof EventSchema>>[1]>["body"]) {
  return create(EventSchema, body === undefined ? {} : { body }).body;
}

function event(authorId: UserId, body: Body, more: Partial<Extract<Decision, { kind: "event" }>> = {}): Decision {
  return { kind: "event", authorId, body: eventBody(body), ...more };
}

const nothing: Decision = { kind: "nothing" };

/** The conversation and the caller's role in it. Throws NOT_A_MEMBER where either is missing. */
function asMember(state: DecisionState, user: UserId): { conversation: ConversationView; role: Role } {
  const role = state.roleOf(user);
  if (!state.conversation || role === Role.UNSPECIFIED) throw chatErrors.NOT_A_MEMBER();
  return { conversation: state.conversation, role };
}

function asAdmin(state: DecisionState, user: UserId): ConversationView {
  const { conversation, role } = asMember(state, user);
  if (conversation.kind === ConversationKind.DIRECT) throw chatErrors.WRONG_KIND();
  if (role < Role.ADMIN) throw chatErrors.ROLE_TOO_LOW();
  return conversation;
}

/** Throws where the conversation can't take so many more members. */
export function checkRoom({ kind, memberCount }: ConversationView, added: number): void {
  if (kind === ConversationKind.DIRECT) throw chatErrors.WRONG_KIND();
  if (kind === ConversationKind.GROUP && memberCount + added > maxGroupMembers) throw chatErrors.TOO_MANY_MEMBERS();
}

function keepAnOwner({ owners }: ConversationView, leaving: UserId): void {
  if (owners.length === 1 && owners[0] === leaving) throw chatErrors.LAST_OWNER();
}

/** `timeMs`: when it was created, where that was elsewhere; default now. */
export function decideCreate(author: UserId, created: ConversationCreated, timeMs?: number): Decide {
  const at = timeMs === undefined ? {} : { timeMs };
  return ({ conversation }) =>
    conversation ? nothing : event(author, { case: "conversationCreated", value: created }, at);
}

export function decidePost(author: UserId, content: Content): Decide {
  return (state) => {
    const { conversation, role } = asMember(state, author);
    if (!mayPost(conversation, role)) throw chatErrors.ROLE_TOO_LOW();
    return event(author, { case: "messagePosted", value: { content } });
  };
}

/** A message as it was when the command was made: who posted it, and which it is among the messages. */
export interface Target {
  readonly deleted: boolean;
  readonly seq: number;
  readonly authorId: string;
  readonly messageCount: number;
}

export function decideEdit(user: UserId, target: Target, content: Content): Decide {
  return (state) => {
    const { conversation, role } = asMember(state, user);
    if (target.authorId !== user || !mayPost(conversation, role)) throw chatErrors.ROLE_TOO_LOW();
    if (target.deleted || state.isDeleted(target.seq)) throw chatErrors.MESSAGE_DELETED();
    return event(user, { case: "messageEdited", value: { targetSeq: BigInt(target.seq), content } }, { target });
  };
}

export function decideDelete(user: UserId, target: Target): Decide {
  return (state) => {
    const { role } = asMember(state, user);
    if (target.authorId !== user && role < Role.ADMIN) throw chatErrors.ROLE_TOO_LOW();
    if (target.deleted || state.isDeleted(target.seq)) return nothing;
    const value = { targetSeq: BigInt(target.seq), targetCount: BigInt(target.messageCount) };
    return event(user, { case: "messageDeleted", value }, { target });
  };
}

export function decideAddMembers(user: UserId, added: readonly UserId[]): Decide {
  return (state) => {
    const conversation = asAdmin(state, user);
    const members = added.filter((other) => state.roleOf(other) === Role.UNSPECIFIED);
    if (members.length === 0) return nothing;
    checkRoom(conversation, members.length);
    const value = { members: members.map((userId) => ({ userId, role: Role.MEMBER })) };
    return event(user, { case: "membersAdded", value });
  };
}

export function decideRemoveMember(user: UserId, removed: UserId): Decide {
  return (state) => {
    const { conversation } = asMember(state, user);
    if (conversation.kind === ConversationKind.DIRECT) throw chatErrors.WRONG_KIND();
    if (user !== removed) {
      asAdmin(state, user);
      if (state.roleOf(removed) > state.roleOf(user)) throw chatErrors.ROLE_TOO_LOW();
    }
    if (state.roleOf(removed) === Role.UNSPECIFIED) return nothing;
    if (conversation.memberCount > 1) keepAnOwner(conversation, removed);
    return event(user, { case: "memberRemoved", value: { userId: removed } });
  };
}

export function decideChangeRole(user: UserId, changed: UserId, role: Role): Decide {
  return (state) => {
    const conversation = asAdmin(state, user);
    if (state.roleOf(user) !== Role.OWNER) throw chatErrors.ROLE_TOO_LOW();
    const current = state.roleOf(changed);
    if (current === Role.UNSPECIFIED) throw chatErrors.USER_NOT_FOUND();
    if (current === role) return nothing;
    if (current === Role.OWNER) keepAnOwner(conversation, changed);
    return event(user, { case: "roleChanged", value: { userId: changed, role } });
  };
}

export function decideUpdate(user: UserId, change: { name?: string; posting?: PostingPolicy }): Decide {
  return (state) => {
    const { name, posting } = asAdmin(state, user);
    const value = {
      ...(change.name !== undefined && change.name !== name ? { name: change.name } : {}),
      ...(change.posting && change.posting !== posting ? { posting: change.posting } : {}),
    };
    return Object.keys(value).length === 0 ? nothing : event(user, { case: "conversationChanged", value });
  };
}
