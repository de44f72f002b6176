import { setTimeout as wait } from "node:timers/promises";
import type { Process, ProcessName } from "../installation/processes.ts";
import type { Fault, Scene } from "./fault.ts";

type Pick = (scene: Scene) => Promise<Process>;

const named =
  (...names: readonly [ProcessName, ...ProcessName[]]): Pick =>
  async ({ installation, below }) =>
    installation.process(names[below(names.length)] ?? names[0]);

/** Of two processes that share the shards of a group the one that holds more of them. */
const holder =
  (group: "sequencer" | "projector", ...names: readonly [ProcessName, ProcessName]): Pick =>
  async ({ installation }) => {
    const [one, other] = [installation.process(names[0]), installation.process(names[1])];
    return (await shardsOf(one, group)) >= (await shardsOf(other, group)) ? one : other;
  };

async function shardsOf({ url }: Process, group: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^parley_leases_held\\{group="${group}"\\} (\\d+)`, "m").exec(metrics)?.[1] ?? 0);
}

const kinds: readonly { kind: string; pick: Pick; hidesSessions?: boolean }[] = [
  { kind: "owner", pick: holder("sequencer", "chat-1", "chat-2") },
  { kind: "projector", pick: holder("projector", "projector-1", "projector-2") },
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

/** Each in turn, and again, so that each comes to hold again what the other has taken over from it. */
const pauseProjectors: Fault = {
  name: "pause-projectors",
  async strike({ installation, lastsMs }) {
    const [one, other] = [installation.process("projector-1"), installation.process("projector-2")];
    for (const process of [one, other, one, other]) await pause(process, lastsMs);
  },
};

export const processFaults: readonly Fault[] = [
  { name: "none", strike: ({ lastsMs }) => wait(lastsMs) },
  ...kills,
  ...pauses,
  pauseProjectors,
];
