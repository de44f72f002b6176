import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { shardsOfAll } from "#platform/fleet/processes.ts";
import { type ConversationId, clientId, newConversationId } from "#platform/runtime/ids.ts";
import type { ChatDeps } from "../deps.ts";
import { chatErrors } from "../errors.ts";
import { type Caller, contentHash } from "./submit.ts";

/**
 * An id for a new conversation: on a shard that all processes follow, and on one that this one holds, so that nothing is
 * passed on, where it holds one.
 */
export function anyConversationId({ fleet, sequencer }: Pick<ChatDeps, "fleet" | "sequencer">): ConversationId {
  const shards = Array.from({ length: shardsOfAll(fleet.processes) }, (_, shard) => shard);
  const held = shards.filter((shard) => sequencer.holds(shard));
  const among = held.length > 0 ? held : shards;
  return newConversationId(among[Math.floor(Math.random() * among.length)] ?? 0);
}

/**
 * Takes the row that makes a creation unique: whoever finds it taken uses its id. Throws CLIENT_ID_REUSED where it was
 * taken for something else.
 */
export async function claimCreation<Desc extends DescMessage>(
  deps: Pick<ChatDeps, "idempotence" | "fleet" | "sequencer">,
  caller: Caller,
  schema: Desc,
  request: MessageShape<Desc> & { readonly clientId: string },
): Promise<ConversationId> {
  const hash = contentHash(schema, toBinary(schema, request, { writeUnknownFields: false }));
  const claimed = await deps.idempotence.claimCreation({
    userId: caller.userId,
    deviceId: caller.deviceId,
    clientId: clientId(request.clientId),
    conversationId: anyConversationId(deps),
    contentHash: hash,
  });
  if (Buffer.compare(claimed.contentHash, hash) !== 0) throw chatErrors.CLIENT_ID_REUSED();
  return claimed.conversationId;
}
