/** `npm run migrate`: brings a store on CQL to the schema of this program. `--check` only tells whether it is there. */
import { openCql } from "#platform/engines/cql.ts";
import { checkSchema, migrateCql } from "#platform/engines/migrate-cql.ts";
import { ConfigError, readConfig } from "#platform/runtime/config.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { cqlMigrations } from "#platform/runtime/open-store-cql.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { storeMigrations } from "../services/modules.ts";

try {
  console.log(await run(process.argv.slice(2), process.env));
} catch (error) {
  if (!(error instanceof ConfigError) && !(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const other = args.find((arg) => arg !== "--check");
  if (other !== undefined) throw new ConfigError(`npm run migrate takes --check alone, not "${other}".`);
  const { store, logLevel } = readConfig(env);
  if (store.kind === "sqlite")
    return "A store on SQLite is migrated by the server as it starts: there is nothing to do.";
  const options = { ...store, logger: createLogger(logLevel) };
  const migrations = cqlMigrations(storeMigrations);
  if (args.length === 0) {
    const steps = await migrateCql(options, migrations);
    return steps.length === 0 ? "The schema is up to date." : `Migrated: ${steps.join(", ")}.`;
  }
  const session = await openCql(options);
  try {
    await checkSchema(session, migrations);
    return "The schema is up to date.";
  } finally {
    await session.close();
  }
}
