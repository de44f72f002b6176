import { join } from "node:path";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { useCqlStore } from "#platform/testing/store.ts";
import { describeLastSeenStore } from "./last-seen-store.contract.ts";
import { createCqlLastSeenStore } from "./last-seen-store-cql.ts";

describeOnEngines("last seen on CQL", ["cql"], () => {
  const session = useCqlStore(join(import.meta.dirname, "migrations/cql"));

  describeLastSeenStore("cql", () => createCqlLastSeenStore(session()));
});
