import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  ContentSchema,
  ConversationCreatedSchema,
  ConversationKind,
  HistoryPolicy,
  PostingPolicy,
  Role,
} from "#gen/parley/chat/v1/events_pb.js";
import {
  type ConversationId,
  clientId,
  type DeviceId,
  deviceId,
  type UserId,
  userId,
  uuidv7,
} from "#platform/runtime/ids.ts";
import { type Decide, decideCreate, decidePost } from "../commands/decisions.ts";
import type { Command } from "../sequencer/command.ts";

export const ada = userId("ada");
export const bob = userId("bob");
export const phone = deviceId("phone");

let lastId = 0;
/** Client ids that rise, whatever the clock says. */
export const nextClientId = () => clientId(uuidv7(++lastId));

export interface CommandMore {
  readonly clientId?: string;
  readonly device?: DeviceId;
  readonly signal?: AbortSignal;
  readonly size?: number;
  readonly users?: readonly UserId[];
}

export function command(
  id: ConversationId,
  user: UserId,
  content: string,
  decide: Decide,
  more: CommandMore = {},
): Command {
  return {
    conversationId: id,
    userId: user,
    deviceId: more.device ?? phone,
    clientId: clientId(more.clientId ?? nextClientId()),
    contentHash: createHash("sha256").update(content).digest().subarray(0, 16),
    users: more.users ?? [user],
    traceparent: "",
    signal: more.signal ?? new AbortController().signal,
    size: more.size ?? content.length,
    decide,
  };
}

export function post(id: ConversationId, user: UserId, text: string, more?: CommandMore): Command {
  return command(id, user, text, decidePost(user, create(ContentSchema, { text })), more);
}

/** Makes a group of the users, the first of them as owner. */
export function createGroup(id: ConversationId, users: readonly UserId[], more?: CommandMore): Command {
  const [creator = ada] = users;
  const members = users.map((user) => ({ userId: user, role: user === creator ? Role.OWNER : Role.MEMBER }));
  const created = create(ConversationCreatedSchema, {
    kind: ConversationKind.GROUP,
    name: "group",
    posting: PostingPolicy.MEMBERS,
    history: HistoryPolicy.FROM_JOIN,
    members,
  });
  return command(id, creator, "create", decideCreate(creator, created), { users: [], ...more });
}
