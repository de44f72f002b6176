import { randomUUID } from "node:crypto";
import type { Migrations } from "#platform/engines/migrate.ts";
import { type Edge, openEdge } from "#platform/rpc/edge.ts";
import { makeBoot } from "#platform/runtime/boot.ts";
import type { Config } from "#platform/runtime/config.ts";
import { createEndings } from "#platform/runtime/endings.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import type { Boot, ModuleDefinition } from "#platform/runtime/module.ts";
import { type RunningModules, runModules } from "#platform/runtime/run-modules.ts";
import { startTelemetry } from "#platform/telemetry/start-telemetry.ts";
import { modulesOf, storeMigrations } from "./modules.ts";
import { forwardingOf, notReadyOf, servePeers, standAlone, standBeside } from "./standing.ts";

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

/** Starts everything that belongs in this process. Where a part fails, what was started is ended before it throws. */
export async function startServer(
  config: Config,
  parts: ServerParts = { modules: modulesOf(config), storeMigrations },
): Promise<RunningServer> {
  const endings = createEndings();
  try {
    const logger = createLogger(config.logLevel);
    const telemetry = await startTelemetry({ logger, instance: randomUUID(), targets: String(config.targets) });
    if (telemetry) endings.push(telemetry.stop);
    const standing = config.peers
      ? await standBeside(config.peers, config, logger, endings)
      : await standAlone(config, logger, parts, endings);
    const { engines, peerKey, core } = standing;
    const stopping = new AbortController();
    endings.push(() => stopping.abort());
    const { boot, served, authenticator } = makeBoot(
      config,
      logger,
      engines,
      stopping.signal,
      core?.transport,
      telemetry?.tracing,
    );
    const running = await runModules(parts.modules, boot);
    endings.push(running.stop);
    if (!core) servePeers(served, engines, stopping.signal);
    const { metrics, callBudget, budgets } = boot;
    const edge = await openEdge({
      config,
      logger,
      metrics,
      served,
      peerKey,
      ...(core ? { forwarding: forwardingOf(core, served) } : {}),
      authenticator,
      callBudget,
      budgets,
      tracing: boot.tracing,
      notReady: () => [...(core ? notReadyOf(core, engines) : []), ...running.notReady()],
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
