import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import type { Boot } from "#platform/runtime/module.ts";

/** The store's file, for tests that look into it or damage it. */
export function databaseOf({ store }: Boot): SqliteDatabase {
  if (store.kind !== "sqlite") throw new Error("the store is not a file");
  return store.db;
}
