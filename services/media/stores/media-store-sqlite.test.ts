import { join } from "node:path";
import { useSqliteStore } from "#platform/testing/store.ts";
import { describeMediaStore } from "./media-store.contract.ts";
import { createSqliteMediaStore } from "./media-store-sqlite.ts";

const store = useSqliteStore(join(import.meta.dirname, "migrations/sqlite"));

describeMediaStore("sqlite", () => createSqliteMediaStore(store()));
