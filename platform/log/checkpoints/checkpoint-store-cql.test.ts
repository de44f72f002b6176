import { join } from "node:path";
import { useCqlStore } from "#platform/testing/store.ts";
import { describeCheckpoints } from "./checkpoint-store.contract.ts";
import { createCqlCheckpoints } from "./checkpoint-store-cql.ts";

const session = useCqlStore(join(import.meta.dirname, "migrations/cql"));
describeCheckpoints("cql", () => createCqlCheckpoints(session()));
