import { join } from "node:path";
import { createCqlCheckpoints } from "#platform/log/checkpoints/checkpoint-store-cql.ts";
import { useCqlStore } from "#platform/testing/store.ts";
import { describeConversationStore } from "./conversation-store.contract.ts";
import { createCqlConversations } from "./conversation-store-cql.ts";
import { describeHistoryStore } from "./history-store.contract.ts";
import { createCqlHistory } from "./history-store-cql.ts";
import { describeIdempotenceStore } from "./idempotence-store.contract.ts";
import { createCqlIdempotence } from "./idempotence-store-cql.ts";
import { describeMarkStore } from "./mark-store.contract.ts";
import { createCqlMarks } from "./mark-store-cql.ts";
import { describeProjectionStore } from "./projection-store.contract.ts";
import { createCqlProjection } from "./projection-store-cql.ts";

const checkpoints = "../../../platform/log/checkpoints/migrations/cql";
const session = useCqlStore(join(import.meta.dirname, "migrations/cql"), join(import.meta.dirname, checkpoints));
const open = () => ({
  projection: createCqlProjection(session(), createCqlCheckpoints(session())),
  conversations: createCqlConversations(session()),
  history: createCqlHistory(session()),
  idempotence: createCqlIdempotence(session()),
});

describeProjectionStore("cql", open);
describeConversationStore("cql", open);
describeHistoryStore("cql", open);
describeIdempotenceStore("cql", open);
describeMarkStore("cql", () => createCqlMarks(session()));
