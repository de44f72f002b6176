import { setTimeout as wait } from "node:timers/promises";
import { conversationId, shardOf } from "#platform/runtime/ids.ts";
import type { Process, ProcessName } from "../installation/processes.ts";
import type { Fault, Scene } from "./fault.ts";

type Pick = (scene: Scene) => Promise<Process>;

const named =
  (...names: readonly [ProcessName, ...ProcessName[]]): Pick =>
  async ({ installation, below }) =>
    installation.process(names[below(names.length)] ?? names[0]);

/** The process that does a group's work for one of the conversations. */
const holder =
  (group: "sequencer" | "projector"): Pick =>
  async ({ installation, conversations, below }) => {
    const shard = shardOf(conversationId(conversations[below(conversations.length)] ?? ""));
    const address = await installation.log.holderOf(group, shard);
    const found = installation.processes.find(({ url }) => url === address);
    if (!found) throw new Error(`${address} is none of the installation's`);
    return found;
  };

const kinds: readonly { kind: string; pick: Pick; hidesSessions?: boolean }[] = [
  { kind: "owner", pick: holder("sequencer") },
  { kind: "projector", pick: holder("projector") },
  { kind: "gateway", pick: named("gateway-1", "gateway-2") },
  { kind: "auth", pick: named("auth"), hidesSessions: true },
];

/** SIGKILL, and a start of the same soon after. */
const kills = kinds.map(
  ({ kind, pick, ...more }): Fault => ({
    name: `kill-${kind}`,
    ...more,
    async strike(scene) {
      const process = await pick(scene);
      await process.kill();
      await wait(scene.lastsMs);
      await process.restart();
    },
  }),
);

/** SIGSTOP: its connections stay open and nothing answers; later it goes on as if no time had passed. */
async function pause(process: Process, ms: number): Promise<void> {
  process.pause();
  await wait(ms);
  process.resume();
}

const pauses = kinds.map(
  ({ kind, pick, ...more }): Fault => ({
    name: `pause-${kind}`,
    ...more,
    strike: async (scene) => await pause(await pick(scene), scene.lastsMs),
  }),
);

/**
 * Each in turn, and again, so that each comes to hold again what the other has taken over from it; with time in between,
 * in which the other writes on after a process that goes on has written what it knew.
 */
const pauseProjectors: Fault = {
  name: "pause-projectors",
  async strike({ installation, lastsMs }) {
    const [one, other] = [installation.process("projector-1"), installation.process("projector-2")];
    for (const process of [one, other, one, other]) {
      await pause(process, lastsMs);
      await wait(lastsMs / 2);
    }
  },
};

export const processFaults: readonly Fault[] = [
  { name: "none", strike: ({ lastsMs }) => wait(lastsMs) },
  ...kills,
  ...pauses,
  pauseProjectors,
];
