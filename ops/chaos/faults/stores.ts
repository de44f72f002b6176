import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import type { EngineNode } from "../../engines/engine.ts";
import { ownEngines } from "../installation/engines.ts";
import type { Fault, Scene } from "./fault.ts";

/** Cassandra stays away for so many times as long as others do: far longer than sessions are believed in without it. */
const longer = 15;

function nodeOf({ installation }: Scene, engine: "cql" | "redis"): EngineNode {
  const [node] = ownEngines(installation)[engine].nodes;
  if (!node) throw new Error(`${engine} has no node`);
  return node;
}

export const storeFaults: readonly Fault[] = [
  {
    name: "cassandra-stop",
    needs: "own engines",
    hidesSessions: true,
    async strike(scene) {
      const node = nodeOf(scene, "cql");
      const fromMs = performance.now();
      await node.kill();
      await wait(scene.lastsMs * longer);
      await node.restart();
      scene.noteOutage({ fromMs, toMs: performance.now() });
    },
  },
  {
    name: "cassandra-pause",
    needs: "own engines",
    hidesSessions: true,
    async strike(scene) {
      const node = nodeOf(scene, "cql");
      node.pause();
      await wait(scene.lastsMs);
      node.resume();
    },
  },
  {
    name: "redis-flush",
    needs: "own engines",
    async strike(scene) {
      await flush(nodeOf(scene, "redis").address);
      await wait(scene.lastsMs);
    },
  },
  {
    name: "redis-stop",
    needs: "own engines",
    async strike(scene) {
      const node = nodeOf(scene, "redis");
      await node.kill();
      await wait(scene.lastsMs);
      await node.restart();
    },
  },
];

async function flush(address: string): Promise<void> {
  const redis = new Redis(`redis://${address}`);
  await redis.flushall();
  redis.disconnect();
}
