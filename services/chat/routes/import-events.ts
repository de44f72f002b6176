import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type ChatService,
  ImportConversationRequestSchema,
  ImportEventsRequest_ItemSchema,
} from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationCreatedSchema, HistoryPolicy, PostingPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import { conversationId, deviceId, userId } from "#platform/runtime/ids.ts";
import { claimCreation } from "../commands/claim-creation.ts";
import { decideCreate } from "../commands/decisions.ts";
import { decideImport } from "../commands/import-decisions.ts";
import { commandOf, submit } from "../commands/submit.ts";
import type { ChatDeps } from "../deps.ts";
import { requireUsers } from "../known-users.ts";

/** Client ids of what is imported belong to the operator, whoever it is by. */
const importer = { userId: userId("operator"), deviceId: deviceId("import") };

type ImportDeps = Pick<ChatDeps, "sequencer" | "after" | "idempotence" | "fleet" | "users">;
type Handlers = Pick<ServiceImpl<typeof ChatService>, "importConversation" | "importEvents">;

export function importRoutes(deps: ImportDeps): Handlers {
  return {
    async importConversation(request, context) {
      const { kind, name, posting, history, time } = request;
      const owner = userId(request.ownerId);
      await requireUsers(deps.users, [owner]);
      const id = await claimCreation(deps, importer, ImportConversationRequestSchema, request);
      const created = create(ConversationCreatedSchema, {
        kind,
        name,
        posting: posting || PostingPolicy.MEMBERS,
        history: history || HistoryPolicy.FROM_JOIN,
        members: [{ userId: owner, role: Role.OWNER }],
      });
      const outcome = await submit(deps, {
        caller: importer,
        conversationId: id,
        clientId: request.clientId,
        schema: ImportConversationRequestSchema,
        request,
        users: [],
        decide: decideCreate(owner, created, time && timestampMs(time)),
        context,
      });
      return { conversationId: id, after: deps.after.of(importer.userId, id, [outcome]) };
    },

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
