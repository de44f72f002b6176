import type { ServiceImpl } from "@connectrpc/connect";
import type { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import type { ChatDeps } from "./deps.ts";
import { conversationRoutes } from "./routes/conversations.ts";
import { createConversationRoute } from "./routes/create-conversation.ts";
import { editRoutes } from "./routes/edit.ts";
import { historyRoutes } from "./routes/history.ts";
import { importRoutes } from "./routes/import-events.ts";
import { internalRoutes } from "./routes/internal.ts";
import { markRoutes } from "./routes/marks.ts";
import { memberRoutes } from "./routes/members.ts";
import { sendRoutes } from "./routes/send.ts";

export function chatRoutes(deps: ChatDeps): ServiceImpl<typeof ChatService> {
  return {
    ...createConversationRoute(deps),
    ...conversationRoutes(deps),
    ...memberRoutes(deps),
    ...sendRoutes(deps),
    ...editRoutes(deps),
    ...historyRoutes(deps),
    ...markRoutes(deps),
    ...importRoutes(deps),
    ...internalRoutes(deps),
  };
}
