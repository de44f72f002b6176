import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, EngineAddress, EngineName, EngineNode } from "./engine.ts";
import { reapLater } from "./reaping.ts";

/** What an engine of its own processes is made of. */
export interface Plan extends EngineAddress {
  /** Created, not started. */
  readonly nodes: readonly EngineNode[];
  /** Waits until the nodes, each of which answers, are of use together. */
  ready(): Promise<void>;
}

/**
 * Starts all nodes of an engine and waits until they are of use; if one of them fails, none is left. `plan` is given a
 * temporary folder that goes when the engine stops, or when this process dies.
 */
export async function startNodes(name: EngineName, plan: (runFolder: string) => Promise<Plan>): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), `parley-${name}-`));
  const strikeOff = reapLater({ folder });
  const removeFolder = () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    strikeOff();
  };
  const engine = await plan(folder).catch((error) => {
    removeFolder();
    throw error;
  });
  const stop = async () => {
    await Promise.all(engine.nodes.map((node) => node.kill()));
    removeFolder();
  };
  try {
    await Promise.all(engine.nodes.map((node) => node.restart()));
    await engine.ready();
    return { ...engine, name, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
