import { join } from "node:path";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { useCqlStore } from "#platform/testing/store.ts";
import { describeHandleIndex } from "./handle-index.contract.ts";
import { createCqlHandleIndex } from "./handle-index-cql.ts";
import { describeProfileStore } from "./profile-store.contract.ts";
import { createCqlProfileStore } from "./profile-store-cql.ts";

describeOnEngines("profiles and handles on CQL", ["cql"], () => {
  const session = useCqlStore(join(import.meta.dirname, "migrations/cql"));

  describeHandleIndex("cql", () => createCqlHandleIndex(session()));
  describeProfileStore("cql", () => createCqlProfileStore(session()));
});
