import { useChatStore } from "../testing/chat-files.ts";
import { describeConversationStore } from "./conversation-store.contract.ts";
import { createSqliteConversations } from "./conversation-store-sqlite.ts";
import { describeHistoryStore } from "./history-store.contract.ts";
import { createSqliteHistory } from "./history-store-sqlite.ts";
import { describeIdempotenceStore } from "./idempotence-store.contract.ts";
import { createSqliteIdempotence } from "./idempotence-store-sqlite.ts";
import { describeMarkStore } from "./mark-store.contract.ts";
import { createSqliteMarks } from "./mark-store-sqlite.ts";
import { describeProjectionStore } from "./projection-store.contract.ts";
import { createSqliteProjection } from "./projection-store-sqlite.ts";

const db = useChatStore();
const open = () => ({
  projection: createSqliteProjection(db()),
  conversations: createSqliteConversations(db()),
  history: createSqliteHistory(db()),
  idempotence: createSqliteIdempotence(db()),
});

describeProjectionStore("sqlite", open);
describeConversationStore("sqlite", open);
describeHistoryStore("sqlite", open);
describeIdempotenceStore("sqlite", open);
describeMarkStore("sqlite", () => createSqliteMarks(db()));
