import { join } from "node:path";
import { useSqliteStore } from "#platform/testing/store.ts";
import { describeUploadStore } from "./upload-store.contract.ts";
import { createSqliteUploadStore } from "./upload-store-sqlite.ts";

const store = useSqliteStore(join(import.meta.dirname, "migrations/sqlite"));

describeUploadStore("sqlite", () => createSqliteUploadStore(store()));
