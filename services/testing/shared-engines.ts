import { createHash } from "node:crypto";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { migrateCql } from "#platform/engines/migrate-cql.ts";
import { readConfig } from "#platform/runtime/config.ts";
import type { Endings } from "#platform/runtime/endings.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { cqlMigrations } from "#platform/runtime/open-store-cql.ts";
import { engineAddress, engineUrl } from "#platform/testing/engines.ts";
import { storeMigrations } from "../modules.ts";

/**
 * Settings of engines that processes share, in a namespace and a keyspace that belong to the data folder: what starts
 * again on the same folder finds the same data. `endings` takes what was made there.
 */
export async function engineSettings(
  env: Record<string, string> & { PARLEY_DATA: string },
  endings: Endings,
): Promise<Record<string, string>> {
  const name = `t${createHash("sha256").update(env.PARLEY_DATA).digest("hex").slice(0, 15)}`;
  const [nats, cql, redis] = await Promise.all([engineAddress("nats"), engineUrl("cql"), engineUrl("redis")]);
  const settings = {
    PARLEY_LOG: `${nats.url}/${name}?max_bytes=256MiB`,
    PARLEY_NATS_MONITOR: nats.monitors.join(","),
    PARLEY_STORE: `${cql}/${name}?replication=1`,
    PARLEY_EPHEMERAL: redis,
  };
  const config = readConfig({ ...env, ...settings });
  const logger = createLogger("silent");
  if (config.store.kind === "cql") await migrateCql({ ...config.store, logger }, cqlMigrations(storeMigrations));
  endings.push(() => dropStreams(nats.url, name));
  return settings;
}

/** Streams reserve their bytes, and the test's server has only so many. */
async function dropStreams(url: string, name: string): Promise<void> {
  const connection = await connect({ servers: new URL(url).host });
  const manager = await jetstreamManager(connection);
  for await (const stream of manager.streams.list()) {
    if (stream.config.name.includes(name)) await manager.streams.delete(stream.config.name);
  }
  await connection.close();
}
