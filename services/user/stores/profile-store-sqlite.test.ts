import { join } from "node:path";
import { useSqliteStore } from "#platform/testing/store.ts";
import { describeProfileStore } from "./profile-store.contract.ts";
import { createSqliteProfileStore } from "./profile-store-sqlite.ts";

const store = useSqliteStore(join(import.meta.dirname, "migrations/sqlite"));

describeProfileStore("sqlite", () => createSqliteProfileStore(store()));
