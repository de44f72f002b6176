import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { pino } from "pino";
import { openCql } from "#platform/engines/cql.ts";
import { parseCqlUrl } from "#platform/engines/cql-url.ts";
import { migrateCql } from "#platform/engines/migrate-cql.ts";
import { cqlSchemaOf } from "#platform/engines/schema-cql.ts";
import { cqlMigrations } from "#platform/runtime/open-store-cql.ts";
import { storeMigrations } from "../../services/modules.ts";

export const cqlSnapshotPath = join(import.meta.dirname, "store.cql");

/** The schema that `npm run migrate` makes at `cql://host:port`, in a keyspace of its own. */
export async function makeCqlSchema(url: string): Promise<string> {
  const keyspace = `schema_${randomBytes(6).toString("hex")}`;
  const settings = parseCqlUrl("PARLEY_STORE", `${url}/${keyspace}?replication=1`);
  const options = { ...settings, logger: pino({ level: "silent" }) };
  await migrateCql(options, cqlMigrations(storeMigrations));
  const session = await openCql(options);
  return await cqlSchemaOf(session).finally(session.close);
}
