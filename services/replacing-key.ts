import { randomUUID } from "node:crypto";
import { Registry } from "prom-client";
import type { Config } from "#platform/runtime/config.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { openLogEngine } from "#platform/runtime/open-log.ts";
import { replaceKey } from "#platform/runtime/shared-keys.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { storeMigrations } from "./modules.ts";
import { requireStopped } from "./stopped.ts";

/**
 * Makes a key of this process that of an installation of many processes, which otherwise refuse it. Returns what the
 * operator reads. Throws StartError where a process runs.
 */
export async function replaceSharedKey(config: Config, name: string): Promise<string> {
  if (config.log.kind === "sqlite") {
    throw new StartError(`One process has its keys alone: stop it, delete ${name} in ${config.keysDir}, and start it.`);
  }
  const logEngine = await openLogEngine({
    config,
    self: { id: randomUUID(), address: "", modules: [], shards: config.shards },
    logger: createLogger(config.logLevel),
    metrics: new Registry(),
    storeMigrations,
    follows: false,
  });
  try {
    const { fingerprints, installation } = logEngine;
    const made = await installation.read();
    if (!made || !fingerprints)
      throw new StartError("PARLEY_LOG leads to no installation: there is no key to replace.");
    const { fleet } = await logEngine.open(made.incarnation);
    await requireStopped(fleet);
    return await replaceKey(config, fingerprints, name);
  } finally {
    await logEngine.close();
  }
}
