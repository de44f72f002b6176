import { setTimeout as wait } from "node:timers/promises";
import type { Fleet } from "#platform/fleet/fleet.ts";
import { withdrawnMs } from "#platform/fleet/processes.ts";
import { type Edge, openEdge } from "#platform/rpc/edge.ts";
import { makeBoot } from "#platform/runtime/boot.ts";
import type { Config } from "#platform/runtime/config.ts";
import { createEndings } from "#platform/runtime/endings.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import type { Boot, ModuleDefinition } from "#platform/runtime/module.ts";
import type { StoreMigrations } from "#platform/runtime/open-store.ts";
import { createProcessRegistry } from "#platform/runtime/process-metrics.ts";
import { type RunningModules, runModules } from "#platform/runtime/run-modules.ts";
import { startTelemetry } from "#platform/telemetry/start-telemetry.ts";
import { modulesOf, storeMigrations } from "./modules.ts";
import { reachSelf, selfOf, withPorts } from "./self.ts";
import { forwardingOf, notReadyOf, servePeers, stand } from "./standing.ts";

/** A server that answers on its port. */
export interface RunningServer {
  readonly url: string;
  readonly boot: Boot;
  /** Ends it in order: no new calls, streams closed, calls answered, modules stopped, log flushed. Twice is harmless. */
  stop(): Promise<void>;
}

export interface ServerParts {
  readonly modules: readonly ModuleDefinition[];
  readonly storeMigrations: StoreMigrations;
}

/** How long calls that run may take to end once the server stops. */
export const stopGraceMs = 10_000;

/** Starts everything that belongs in this process. Where a part fails, what was started is ended before it throws. */
export async function startServer(
  settings: Config,
  parts: ServerParts = { modules: modulesOf(settings), storeMigrations },
): Promise<RunningServer> {
  const endings = createEndings();
  try {
    const config = await withPorts(settings);
    const logger = createLogger(config.logLevel);
    const self = selfOf(config, parts.modules);
    const telemetry = await startTelemetry({ logger, instance: self.id, targets: String(config.targets) });
    if (telemetry) endings.push(telemetry.stop);
    const metrics = createProcessRegistry();
    const { storeMigrations } = parts;
    const follows = parts.modules.some((module) => module.follows);
    const standing = await stand({ config, self, logger, metrics, storeMigrations, follows, endings });
    const { engines, peerKey, others } = standing;
    const stopping = new AbortController();
    endings.push(() => stopping.abort());
    const signal = stopping.signal;
    const given = { config, logger, metrics, engines, signal, elsewhere: others, tracing: telemetry?.tracing };
    const { boot, served, authenticator } = makeBoot(given);
    const running = await runModules(parts.modules, boot);
    endings.push(running.stop);
    servePeers(config, served, engines, signal);
    const edge = await openEdge({
      config,
      logger,
      metrics,
      served,
      peerKey,
      ...(others ? { forwarding: forwardingOf(config, others, peerKey) } : {}),
      authenticator,
      callBudget: boot.callBudget,
      budgets: boot.budgets,
      tracing: boot.tracing,
      notReady: () => [...notReadyOf(standing), ...running.notReady()],
    });
    endings.push(edge.close);
    endings.push(() => drain(stopping, running, edge));
    const { fleet } = engines;
    endings.push(() => leave(fleet, running));
    await reachSelf(config);
    fleet.processes.announce();
    return { url: edge.url, boot, stop: endings.run };
  } catch (error) {
    await endings.run();
    throw error;
  }
}

/** What others can do is left to them before any call is refused. */
async function leave({ processes, self }: Fleet, running: RunningModules): Promise<void> {
  if (processes.running().length === 1) return;
  processes.withdraw();
  await wait(withdrawnMs);
  await running.handOver((module) => processes.serving(module).some(({ id }) => id !== self.id));
}

/** New calls are refused from the first moment on; those that run get their answer. */
async function drain(stopping: AbortController, running: RunningModules, edge: Edge): Promise<void> {
  stopping.abort();
  edge.refuse();
  await running.drain();
  await edge.finish(stopGraceMs);
}
