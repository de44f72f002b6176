import { join } from "node:path";
import { useSqliteStore } from "#platform/testing/store.ts";
import { describeHandleIndex } from "./handle-index.contract.ts";
import { createSqliteHandleIndex } from "./handle-index-sqlite.ts";

const store = useSqliteStore(join(import.meta.dirname, "migrations/sqlite"));

describeHandleIndex("sqlite", () => createSqliteHandleIndex(store()));
