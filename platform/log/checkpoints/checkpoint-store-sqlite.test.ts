import { join } from "node:path";
import { useSqliteStore } from "#platform/testing/store.ts";
import { describeCheckpoints } from "./checkpoint-store.contract.ts";
import { createSqliteCheckpoints } from "./checkpoint-store-sqlite.ts";

const db = useSqliteStore(join(import.meta.dirname, "migrations/sqlite"));
describeCheckpoints("sqlite", () => createSqliteCheckpoints(db()));
