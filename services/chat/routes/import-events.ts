import type { ServiceImpl } from "@connectrpc/connect";
import { type ChatService, ImportEventsRequest_ItemSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { conversationId, deviceId, userId } from "#platform/runtime/ids.ts";
import { decideImport } from "../commands/import-decisions.ts";
import { commandOf } from "../commands/submit.ts";
import type { ChatDeps } from "../deps.ts";

/** Client ids of imported events belong to the operator, whoever the events are by. */
const importer = { userId: userId("operator"), deviceId: deviceId("import") };

type ImportDeps = Pick<ChatDeps, "sequencer" | "after">;

export function importRoutes(deps: ImportDeps): Pick<ServiceImpl<typeof ChatService>, "importEvents"> {
  return {
    async importEvents(request, context) {
      const id = conversationId(request.conversationId);
      const commands = request.items.map((item) =>
        commandOf({
          caller: importer,
          conversationId: id,
          clientId: item.clientId,
          schema: ImportEventsRequest_ItemSchema,
          request: item,
          users: [userId(item.authorId)],
          decide: decideImport(item),
          context,
        }),
      );
      const outcomes = await Promise.all(deps.sequencer.submit(commands));
      return {
        results: outcomes.map(({ seq, happened, duplicate }) => ({ seq: happened ? BigInt(seq) : 0n, duplicate })),
        after: deps.after.of(importer.userId, id, outcomes),
      };
    },
  };
}
