import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { conversationId, shardOf } from "#platform/runtime/ids.ts";
import type { OwnedBy, OwnedMethods } from "#platform/runtime/owned-methods.ts";
import { sequencerGroup } from "../sequencer/sequencer.ts";

/** All that change a conversation which their request names; `routeToOwners` routes these, and no others by their name. */
const methods = [
  "updateConversation",
  "addMembers",
  "removeMember",
  "changeRole",
  "sendMessage",
  "sendMessages",
  "editMessage",
  "deleteMessage",
  "importEvents",
] as const;

export type OwnedMethod = (typeof methods)[number];

/** They are answered by the owner of the conversation's shard. */
export const ownedMethods: OwnedMethods = new Map(methods.map((name) => [ChatService.method[name], ownedBy(name)]));

function ownedBy(name: OwnedMethod): OwnedBy {
  const { conversationId: field } = ChatService.method[name].input.field;
  return { field, group: sequencerGroup, keyOf: shardNamedBy };
}

/** The text is whatever a client wrote: nobody has looked at it yet. */
function shardNamedBy(text: string): number | undefined {
  return /^[\w-]{24}$/.test(text) ? shardOf(conversationId(text)) : undefined;
}
