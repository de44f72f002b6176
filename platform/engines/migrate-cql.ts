import type { Client, Host, types } from "cassandra-driver";
import type { Logger } from "pino";
import { StartError } from "#platform/runtime/start-error.ts";
import { type CqlOptions, type CqlSession, createCqlSession } from "./cql.ts";
import { connectCql } from "./cql-connect.ts";
import { type CqlStep, readCqlSteps } from "./cql-steps.ts";
import type { CqlSettings } from "./cql-url.ts";
import type { Migrations } from "./migrate.ts";
import { withMigrationLock } from "./migration-lock-cql.ts";

/**
 * Brings a store to the schema that the program knows, making the keyspace where there is none, and returns the steps
 * that it ran as `component/step`. Of several that run at once one works and the others wait. Steps are only ever
 * added. Throws StartError where the cluster is not what it should be, or holds steps of a newer version.
 */
export async function migrateCql(settings: CqlOptions, migrations: readonly Migrations[]): Promise<string[]> {
  const client = await connectCql(settings, null);
  try {
    const alter = createAlter(client);
    await makeKeyspace(client, alter, settings);
    for (const table of ownTables) await alter(table.replaceAll("$", settings.keyspace));
    const session = createCqlSession(await connectCql(settings), settings);
    try {
      return await withMigrationLock(session, (renew) =>
        runMissing(session, migrations, renew, alter, settings.logger),
      );
    } finally {
      await session.close();
    }
  } finally {
    await client.shutdown();
  }
}

/** Throws StartError where the schema is not the one that the program knows. */
export async function checkSchema(session: CqlSession, migrations: readonly Migrations[]): Promise<void> {
  const missing = await missingSteps(session, migrations);
  if (missing.length === 0) return;
  const names = missing.map(nameOf).join(", ");
  throw new StartError(`The store's schema is older than this program: run npm run migrate. It lacks ${names}.`);
}

/** What migrations themselves keep in the keyspace `$`. */
const ownTables = [
  "CREATE TABLE IF NOT EXISTS $.migration (component text, step text, PRIMARY KEY (component, step))",
  "CREATE TABLE IF NOT EXISTS $.migration_lock (name text PRIMARY KEY, holder text)",
];

/** How long a change of the schema may take; the lock outlasts it. */
const alterMs = 30_000;

type Alter = (cql: string) => Promise<void>;

/**
 * Runs a statement that changes the schema and waits until all nodes agree on it. All of them go to the same node,
 * whoever runs them: nodes that make one table at the same time make two of it.
 */
function createAlter(client: Client): Alter {
  const [host] = client.hosts.values().sort((a: Host, b: Host) => (a.address < b.address ? -1 : 1));
  return async (cql) => {
    const result = await client.execute(cql, [], { prepare: false, readTimeout: alterMs, ...(host ? { host } : {}) });
    if (inAgreement(result)) return;
    throw new StartError("The nodes of the store do not agree on its schema: see that all are up, then migrate again.");
  };
}

/** Missing in the driver's types. */
function inAgreement({ info }: types.ResultSet & { readonly info: { readonly isSchemaInAgreement?: boolean } }) {
  return info.isSchemaInAgreement !== false;
}

async function makeKeyspace(client: Client, alter: Alter, settings: CqlSettings): Promise<void> {
  const { keyspace, localDataCenter, replication } = settings;
  const cql = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
  if ((await client.execute(cql, [keyspace])).rowLength > 0) return;
  const nodes = client.hosts.values().filter((host) => host.datacenter === localDataCenter).length;
  if (nodes < replication) {
    throw new StartError(
      `${replication} copies need ${replication} nodes and ${localDataCenter} has ${nodes}: ` +
        `add nodes, or write replication=${nodes} in PARLEY_STORE.`,
    );
  }
  const strategy = `{'class': 'NetworkTopologyStrategy', '${localDataCenter}': ${replication}}`;
  await alter(`CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ${strategy}`);
}

async function runMissing(
  session: CqlSession,
  migrations: readonly Migrations[],
  renew: () => Promise<void>,
  alter: Alter,
  logger: Logger,
): Promise<string[]> {
  const missing = await missingSteps(session, migrations);
  for (const step of missing) {
    for (const statement of step.statements) {
      await renew();
      if (!(await isAdded(session, statement))) await alter(repeatable(statement, session.keyspace));
    }
    await session.write("INSERT INTO migration (component, step) VALUES (?, ?)", step.component, step.step);
    logger.info({ component: step.component, step: step.step }, "migrated");
  }
  return missing.map(nameOf);
}

/** Names the keyspace, and lets a statement be run again: a crash may come before its step is recorded. */
function repeatable(statement: string, keyspace: string): string {
  return statement
    .replace(/^CREATE TABLE\s+/i, `CREATE TABLE IF NOT EXISTS ${keyspace}.`)
    .replace(/^ALTER TABLE\s+/i, `ALTER TABLE ${keyspace}.`);
}

/** Whether a statement adds a column that is there: not every engine takes `IF NOT EXISTS` with it. */
async function isAdded(session: CqlSession, statement: string): Promise<boolean> {
  const [, table, column] = /^ALTER TABLE\s+(\w+)\s+ADD\s+(\w+)\s/i.exec(statement) ?? [];
  if (!table || !column) return false;
  const cql = `SELECT column_name FROM system_schema.columns
    WHERE keyspace_name = ? AND table_name = ? AND column_name = ?`;
  return (await session.get(cql, session.keyspace, table.toLowerCase(), column.toLowerCase())) !== undefined;
}

async function missingSteps(session: CqlSession, migrations: readonly Migrations[]): Promise<CqlStep[]> {
  const steps = readCqlSteps(migrations);
  const known = new Set(steps.map(nameOf));
  const applied = new Set((await readApplied(session)).map(nameOf));
  const unknown = [...applied].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new StartError(`The store was written by a newer version of this program: it has ${unknown.join(", ")}.`);
  }
  return steps.filter((step) => !applied.has(nameOf(step)));
}

async function readApplied(session: CqlSession): Promise<Pick<CqlStep, "component" | "step">[]> {
  const tables = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?";
  if (!(await session.get(tables, session.keyspace, "migration"))) return [];
  const rows = await session.query("SELECT component, step FROM migration");
  return rows.map((row) => ({ component: String(row.component), step: String(row.step) }));
}

function nameOf({ component, step }: Pick<CqlStep, "component" | "step">): string {
  return `${component}/${step}`;
}
