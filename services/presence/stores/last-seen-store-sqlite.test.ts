import { join } from "node:path";
import { useSqliteStore } from "#platform/testing/store.ts";
import { describeLastSeenStore } from "./last-seen-store.contract.ts";
import { createSqliteLastSeenStore } from "./last-seen-store-sqlite.ts";

const store = useSqliteStore(join(import.meta.dirname, "migrations/sqlite"));

describeLastSeenStore("sqlite", () => createSqliteLastSeenStore(store()));
