import { setTimeout as wait } from "node:timers/promises";
import type { Process, ProcessName } from "../installation/processes.ts";
import type { Fault, Scene } from "./fault.ts";

type Pick = (scene: Scene) => Promise<Process>;

const named =
  (...names: readonly [ProcessName, ...ProcessName[]]): Pick =>
  async ({ installation, below }) =>
    installation.process(names[below(names.length)] ?? names[0]);

/** The chat process that sequences most shards. */
const owner: Pick = async ({ installation }) => {
  const chats = [installation.process("chat-1"), installation.process("chat-2")] as const;
  const [one, other] = await Promise.all(chats.map(shardsOf));
  return (one ?? 0) >= (other ?? 0) ? chats[0] : chats[1];
};

async function shardsOf({ url }: Process): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^parley_leases_held\{group="sequencer"\} (\d+)/m.exec(metrics)?.[1] ?? 0);
}

const kinds: readonly { kind: string; pick: Pick; hidesSessions?: boolean }[] = [
  { kind: "owner", pick: owner },
  { kind: "projector", pick: named("projector") },
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
const pauses = kinds.map(
  ({ kind, pick, ...more }): Fault => ({
    name: `pause-${kind}`,
    ...more,
    async strike(scene) {
      const process = await pick(scene);
      process.pause();
      await wait(scene.lastsMs);
      process.resume();
    },
  }),
);

export const processFaults: readonly Fault[] = [
  { name: "none", strike: ({ lastsMs }) => wait(lastsMs) },
  ...kills,
  ...pauses,
];
