import type { Boot } from "#platform/runtime/module.ts";
import type { HandleIndex } from "./handle-index.ts";
import { createCqlHandleIndex } from "./handle-index-cql.ts";
import { createSqliteHandleIndex } from "./handle-index-sqlite.ts";
import type { ProfileStore } from "./profile-store.ts";
import { createCqlProfileStore } from "./profile-store-cql.ts";
import { createSqliteProfileStore } from "./profile-store-sqlite.ts";

export interface UserStores {
  readonly profiles: ProfileStore;
  readonly handles: HandleIndex;
}

export function openUserStores(store: Boot["store"]): UserStores {
  if (store.kind === "sqlite") {
    return { profiles: createSqliteProfileStore(store.db), handles: createSqliteHandleIndex(store.db) };
  }
  return { profiles: createCqlProfileStore(store.session), handles: createCqlHandleIndex(store.session) };
}
