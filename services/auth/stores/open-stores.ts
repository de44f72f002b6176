import type { Boot } from "#platform/runtime/module.ts";
import type { AccountStore } from "./account-store.ts";
import { createCqlAccounts } from "./account-store-cql.ts";
import { createSqliteAccounts } from "./account-store-sqlite.ts";
import type { CodeStore } from "./code-store.ts";
import { createCqlCodes } from "./code-store-cql.ts";
import { createSqliteCodes } from "./code-store-sqlite.ts";
import type { SessionStore } from "./session-store.ts";
import { createCqlSessions } from "./session-store-cql.ts";
import { createSqliteSessions } from "./session-store-sqlite.ts";

export interface AuthStores {
  readonly accounts: AccountStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
}

export function openAuthStores(store: Boot["store"]): AuthStores {
  if (store.kind === "sqlite") {
    const { db } = store;
    return { accounts: createSqliteAccounts(db), sessions: createSqliteSessions(db), codes: createSqliteCodes(db) };
  }
  const { session } = store;
  return { accounts: createCqlAccounts(session), sessions: createCqlSessions(session), codes: createCqlCodes(session) };
}
