import { fileURLToPath } from "node:url";
import type { Migrations } from "#platform/engines/migrate.ts";

/** Schema of what the platform itself keeps in a store on CQL. */
export const platformCqlMigrations: readonly Migrations[] = [
  { component: "installation", dir: fileURLToPath(new URL("./migrations/cql", import.meta.url)) },
  { component: "checkpoints", dir: fileURLToPath(new URL("../log/checkpoints/migrations/cql", import.meta.url)) },
];
