import { openCql } from "#platform/engines/cql.ts";
import type { Migrations } from "#platform/engines/migrate.ts";
import { checkSchema } from "#platform/engines/migrate-cql.ts";
import { createCqlCheckpoints } from "#platform/log/checkpoints/checkpoint-store-cql.ts";
import type { CqlStore } from "./config-engines.ts";
import type { Opening } from "./engines.ts";
import { createCqlInstallation } from "./installation-cql.ts";
import type { OpenedStore, StoreMigrations } from "./open-store.ts";
import { platformCqlMigrations } from "./store-migrations-cql.ts";

/** The whole schema of a store on CQL: the platform's own, and the services'. */
export function cqlMigrations({ cql }: StoreMigrations): readonly Migrations[] {
  return [...platformCqlMigrations, ...cql];
}

/** Throws StartError where `npm run migrate` has still to bring the schema to what the program knows. */
export async function openCqlStore(settings: CqlStore, { logger, storeMigrations }: Opening): Promise<OpenedStore> {
  const session = await openCql({ ...settings, logger });
  try {
    await checkSchema(session, cqlMigrations(storeMigrations));
  } catch (error) {
    await session.close();
    throw error;
  }
  return {
    store: { kind: "cql", session },
    installation: createCqlInstallation(session),
    checkpoints: createCqlCheckpoints(session),
    notReady: session.notReady,
    close: session.close,
  };
}
