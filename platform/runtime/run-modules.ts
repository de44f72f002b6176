import type { Logger } from "pino";
import type { Boot, Module, ModuleDefinition } from "./module.ts";

/** The modules that run, as one. */
export interface RunningModules {
  /** Why the server can't serve now, one sentence a module; empty: it can. */
  notReady(): string[];
  /** Lets those hand over that another process runs, too. One that fails is logged and holds up nobody. */
  handOver(runsElsewhere: (name: string) => boolean): Promise<void>;
  /** Drains all at once. A module that fails to drain is logged and holds up nobody. */
  drain(): Promise<void>;
  /** Stops all in reverse of their start. Stopping twice is harmless. */
  stop(): Promise<void>;
}

/** Starts the modules in the order of their needs. Where one fails, those that run are stopped before it throws. */
export async function runModules(definitions: readonly ModuleDefinition[], boot: Boot): Promise<RunningModules> {
  const running: { name: string; module: Module }[] = [];
  const stop = async () => {
    for (let last = running.pop(); last; last = running.pop()) {
      await settle(boot.logger, last.name, "stop", () => last?.module.stop());
    }
  };
  try {
    for (const { name, start } of inOrderOfNeeds(definitions)) running.push({ name, module: await start(boot) });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    notReady: () =>
      running.flatMap(({ name, module }) => {
        const reason = module.notReady?.();
        return reason === undefined ? [] : [`${name}: ${reason}`];
      }),
    handOver: async (runsElsewhere) => {
      const handing = running.filter(({ name }) => runsElsewhere(name));
      await Promise.all(
        handing.map((each) => settle(boot.logger, each.name, "hand over", () => each.module.handOver?.())),
      );
    },
    drain: async () => {
      await Promise.all(running.map(({ name, module }) => settle(boot.logger, name, "drain", () => module.drain?.())));
    },
    stop,
  };
}

/** Each module after those it needs; otherwise as given. Throws where a need is missing or goes round in a circle. */
export function inOrderOfNeeds(definitions: readonly ModuleDefinition[]): ModuleDefinition[] {
  const ordered = new Set<ModuleDefinition>();
  const visit = (definition: ModuleDefinition, path: readonly string[]) => {
    if (path.includes(definition.name)) throw new Error(`modules need each other: ${path.join(" → ")}`);
    for (const need of definition.needs) {
      const needed = definitions.find(({ name }) => name === need);
      if (!needed) throw new Error(`module ${definition.name} needs ${need}, which is not there`);
      visit(needed, [...path, definition.name]);
    }
    ordered.add(definition);
  };
  for (const definition of definitions) visit(definition, []);
  return [...ordered];
}

async function settle(logger: Logger, module: string, step: string, run: () => Promise<void> | undefined) {
  try {
    await run();
  } catch (error) {
    logger.error({ module, step, err: error }, "module failed to end");
  }
}
