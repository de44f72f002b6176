import { setTimeout as wait } from "node:timers/promises";
import type { EngineNode } from "../../engines/engine.ts";
import { ownEngines } from "../installation/engines.ts";
import type { Fault, Scene } from "./fault.ts";

const stepDownMs = 1_000;

/** The server that leads most shards, with its number. */
async function leaderOf({ installation }: Scene): Promise<{ readonly node: EngineNode; readonly number: number }> {
  const { nats } = ownEngines(installation);
  const name = await installation.log.leader();
  const number = nats.nodes.findIndex((node) => node.name === name);
  const node = nats.nodes[number];
  if (!node) throw new Error(`${name} leads, and is not among the servers`);
  return { node, number };
}

export const natsFaults: readonly Fault[] = [
  {
    name: "nats-leader-kill",
    needs: "own engines",
    async strike(scene) {
      const { node } = await leaderOf(scene);
      await node.kill();
      await wait(scene.lastsMs);
      await node.restart();
    },
  },
  {
    name: "nats-leader-pause",
    needs: "own engines",
    async strike(scene) {
      const { node } = await leaderOf(scene);
      node.pause();
      await wait(scene.lastsMs);
      node.resume();
    },
  },
  {
    /** Neither servers nor clients reach the leader. */
    name: "nats-leader-isolated",
    needs: "network",
    strike: async (scene) => await cutOff(scene, "isolate"),
  },
  {
    /** Clients reach the leader, and the other two servers, but these do not reach each other. */
    name: "nats-leader-alone",
    needs: "network",
    strike: async (scene) => await cutOff(scene, "partition"),
  },
  {
    name: "nats-stepdowns",
    needs: "own engines",
    async strike({ installation, lastsMs }) {
      for (let passedMs = 0; passedMs < lastsMs; passedMs += stepDownMs) {
        await installation.log.stepDown();
        await wait(stepDownMs);
      }
    },
  },
];

async function cutOff(scene: Scene, way: "isolate" | "partition"): Promise<void> {
  const { network } = ownEngines(scene.installation);
  const { number } = await leaderOf(scene);
  network?.[way](number);
  try {
    await wait(scene.lastsMs);
  } finally {
    network?.heal();
  }
}
