import { join } from "node:path";
import { useCqlStore } from "#platform/testing/store.ts";
import { describeLastSeenStore } from "./last-seen-store.contract.ts";
import { createCqlLastSeenStore } from "./last-seen-store-cql.ts";

const session = useCqlStore(join(import.meta.dirname, "migrations/cql"));

describeLastSeenStore("cql", () => createCqlLastSeenStore(session()));
