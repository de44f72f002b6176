import { createCqlCheckpoints } from "#platform/log/checkpoints/checkpoint-store-cql.ts";
import type { Boot } from "#platform/runtime/module.ts";
import type { ConversationStore } from "./conversation-store.ts";
import { createCqlConversations } from "./conversation-store-cql.ts";
import { createSqliteConversations } from "./conversation-store-sqlite.ts";
import type { HistoryStore } from "./history-store.ts";
import { createCqlHistory } from "./history-store-cql.ts";
import { createSqliteHistory } from "./history-store-sqlite.ts";
import type { IdempotenceStore } from "./idempotence-store.ts";
import { createCqlIdempotence } from "./idempotence-store-cql.ts";
import { createSqliteIdempotence } from "./idempotence-store-sqlite.ts";
import type { MarkStore } from "./mark-store.ts";
import { createCqlMarks } from "./mark-store-cql.ts";
import { createSqliteMarks } from "./mark-store-sqlite.ts";
import type { ProjectionStore } from "./projection-store.ts";
import { createCqlProjection } from "./projection-store-cql.ts";
import { createSqliteProjection } from "./projection-store-sqlite.ts";

/** Where the chat service keeps what it knows. */
export interface ChatStores {
  readonly conversations: ConversationStore;
  readonly history: HistoryStore;
  readonly idempotence: IdempotenceStore;
  readonly marks: MarkStore;
  readonly projection: ProjectionStore;
}

export function openChatStores(store: Boot["store"]): ChatStores {
  if (store.kind === "cql") {
    const { session } = store;
    return {
      conversations: createCqlConversations(session),
      history: createCqlHistory(session),
      idempotence: createCqlIdempotence(session),
      marks: createCqlMarks(session),
      projection: createCqlProjection(session, createCqlCheckpoints(session)),
    };
  }
  const { db } = store;
  return {
    conversations: createSqliteConversations(db),
    history: createSqliteHistory(db),
    idempotence: createSqliteIdempotence(db),
    marks: createSqliteMarks(db),
    projection: createSqliteProjection(db),
  };
}
