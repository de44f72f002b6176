import type { Boot } from "#platform/runtime/module.ts";
import type { ConversationStore } from "./conversation-store.ts";
import { createSqliteConversations } from "./conversation-store-sqlite.ts";
import type { HistoryStore } from "./history-store.ts";
import { createSqliteHistory } from "./history-store-sqlite.ts";
import type { IdempotenceStore } from "./idempotence-store.ts";
import { createSqliteIdempotence } from "./idempotence-store-sqlite.ts";
import type { MarkStore } from "./mark-store.ts";
import { createSqliteMarks } from "./mark-store-sqlite.ts";
import type { ProjectionStore } from "./projection-store.ts";
import { createSqliteProjection } from "./projection-store-sqlite.ts";

export interface ChatStores {
  readonly conversations: ConversationStore;
  readonly history: HistoryStore;
  readonly idempotence: IdempotenceStore;
  readonly marks: MarkStore;
  readonly projection: ProjectionStore;
}

export function openChatStores(store: Boot["store"]): ChatStores {
  if (store.kind !== "sqlite") throw new Error("the chat service keeps nothing on CQL yet");
  const { db } = store;
  return {
    conversations: createSqliteConversations(db),
    history: createSqliteHistory(db),
    idempotence: createSqliteIdempotence(db),
    marks: createSqliteMarks(db),
    projection: createSqliteProjection(db),
  };
}
