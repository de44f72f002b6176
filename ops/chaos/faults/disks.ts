import { setTimeout as wait } from "node:timers/promises";
import type { EngineNode } from "../../engines/engine.ts";
import { ownEngines } from "../installation/engines.ts";
import type { Fault, Scene } from "./fault.ts";

/** The disk of one node has no room for a while. A node that has died of it, or given up, is started again. */
async function fill(scene: Scene, engine: "nats" | "cql" | "redis", number: number): Promise<void> {
  const engines = ownEngines(scene.installation);
  const node: EngineNode | undefined = engines[engine].nodes[number];
  const disk = engines.disks?.(engine, number);
  disk?.fill();
  try {
    await wait(scene.lastsMs);
  } finally {
    disk?.empty();
  }
  await node?.restart();
}

export const diskFaults: readonly Fault[] = [
  {
    name: "disk-nats-leader",
    needs: "disks",
    async strike(scene) {
      const leader = await scene.installation.log.leader();
      await fill(
        scene,
        "nats",
        ownEngines(scene.installation).nats.nodes.findIndex(({ name }) => name === leader),
      );
    },
  },
  { name: "disk-cassandra", needs: "disks", hidesSessions: true, strike: (scene) => fill(scene, "cql", 0) },
  { name: "disk-redis", needs: "disks", strike: (scene) => fill(scene, "redis", 0) },
];
