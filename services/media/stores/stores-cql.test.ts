import { join } from "node:path";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { useCqlStore } from "#platform/testing/store.ts";
import { describeMediaStore } from "./media-store.contract.ts";
import { createCqlMediaStore } from "./media-store-cql.ts";
import { describeUploadStore } from "./upload-store.contract.ts";
import { createCqlUploadStore } from "./upload-store-cql.ts";

describeOnEngines("media and uploads on CQL", ["cql"], () => {
  const session = useCqlStore(join(import.meta.dirname, "migrations/cql"));

  describeMediaStore("cql", () => createCqlMediaStore(session()));
  describeUploadStore("cql", () => createCqlUploadStore(session()));
});
