import { join } from "node:path";
import { expect, test } from "vitest";
import { userId } from "#platform/runtime/ids.ts";
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

  test("sessions are listed however many there are: those that have ended are kept for a while", async () => {
    const insert = "INSERT INTO session (user_id, session_id, rotated_by) VALUES (?, ?, ?)";
    const rows = Array.from({ length: 10_050 }, (_, n) => ({ cql: insert, params: ["ada", `session ${n}`, ""] }));
    for (let from = 0; from < rows.length; from += 64) await session().batch(rows.slice(from, from + 64));
    expect(await createCqlSessions(session()).list(userId("ada"))).toHaveLength(rows.length);
  });
});
