import { openCql } from "#platform/engines/cql.ts";
import { checkSchema } from "#platform/engines/migrate-cql.ts";
import { createCqlCheckpoints } from "#platform/log/checkpoints/checkpoint-store-cql.ts";
import type { CqlStore } from "./config-engines.ts";
import type { Opening } from "./engines.ts";
import { createCqlInstallation } from "./installation-cql.ts";
import type { OpenedStore } from "./open-store.ts";

/** Throws StartError where `npm run migrate` has still to bring the schema to what the program knows. */
export async function openCqlStore(settings: CqlStore, { logger, storeMigrations }: Opening): Promise<OpenedStore> {
  const session = await openCql({ ...settings, logger });
  try {
    await checkSchema(session, storeMigrations);
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
