import type { Migrations } from "#platform/engines/migrate.ts";
import { type Edge, openEdge } from "#platform/rpc/edge.ts";
import { makeBoot } from "#platform/runtime/boot.ts";
import type { Config } from "#platform/runtime/config.ts";
import { takeDataLock } from "#platform/runtime/data-lock.ts";
import { createEndings } from "#platform/runtime/endings.ts";
import { openEngines } from "#platform/runtime/engines.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import type { Boot, ModuleDefinition } from "#platform/runtime/module.ts";
import { type RunningModules, runModules } from "#platform/runtime/run-modules.ts";
import { modules, storeMigrations } from "./modules.ts";

/** A server that answers on its port. */
export interface RunningServer {
  readonly url: string;
  readonly boot: Boot;
  /** Ends it in order: no new calls, streams closed, calls answered, modules stopped, log flushed. Twice is harmless. */
  stop(): Promise<void>;
}

export interface ServerParts {
  readonly modules: readonly ModuleDefinition[];
  readonly storeMigrations: readonly Migrations[];
}

/** How long calls that run may take to end once the server stops. */
export const stopGraceMs = 10_000;

/** Starts everything in this process. Where a part fails, what was started is ended before it throws. */
export async function startServer(
  config: Config,
  parts: ServerParts = { modules, storeMigrations },
): Promise<RunningServer> {
  const endings = createEndings();
  try {
    const lock = takeDataLock(config.dataDir);
    endings.push(lock.release);
    const logger = createLogger(config.logLevel);
    const engines = await openEngines(config, logger, parts.storeMigrations);
    endings.push(engines.close);
    const stopping = new AbortController();
    endings.push(() => stopping.abort());
    const { boot, served, authenticator } = makeBoot(config, logger, engines, stopping.signal);
    const running = await runModules(parts.modules, boot);
    endings.push(running.stop);
    const { metrics, callBudget } = boot;
    const edge = await openEdge({
      config,
      logger,
      metrics,
      served,
      authenticator,
      callBudget,
      notReady: running.notReady,
    });
    endings.push(edge.close);
    endings.push(() => drain(stopping, running, edge));
    return { url: edge.url, boot, stop: endings.run };
  } catch (error) {
    await endings.run();
    throw error;
  }
}

/** New calls are refused from the first moment on; those that run get their answer. */
async function drain(stopping: AbortController, running: RunningModules, edge: Edge): Promise<void> {
  stopping.abort();
  edge.refuse();
  await running.drain();
  await edge.finish(stopGraceMs);
}
