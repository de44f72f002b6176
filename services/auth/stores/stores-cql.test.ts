import { join } from "node:path";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { useCqlStore } from "#platform/testing/store.ts";
import { describeAccountStore } from "./account-store.contract.ts";
import { createCqlAccounts } from "./account-store-cql.ts";
import { describeCodeStore } from "./code-store.contract.ts";
import { createCqlCodes } from "./code-store-cql.ts";
import { describeSessionStore } from "./session-store.contract.ts";
import { createCqlSessions } from "./session-store-cql.ts";

describeOnEngines("accounts, codes and sessions on CQL", ["cql"], () => {
  const session = useCqlStore(join(import.meta.dirname, "migrations/cql"));

  describeAccountStore("cql", () => createCqlAccounts(session()));
  describeCodeStore("cql", () => createCqlCodes(session()));
  describeSessionStore("cql", () => createCqlSessions(session()));
});
