import { setTimeout as wait } from "node:timers/promises";
import type { Levers } from "../installation/levers.ts";
import { type Process, processNames } from "../installation/processes.ts";
import type { Fault, Scene } from "./fault.ts";

const hourMs = 3_600_000;
/** Long enough for a writer to give an append up, and for it to land then. */
const lateMs = 4_000;
const holdingMs = 2_000;

async function pulled(processes: readonly Process[], levers: Partial<Levers>, ms: number): Promise<void> {
  for (const process of processes) process.pull(levers);
  try {
    await wait(ms);
  } finally {
    for (const process of processes) process.pull({});
  }
}

function anyOf({ installation, below }: Scene): Process {
  return installation.process(processNames[below(processNames.length)] ?? "chat-1");
}

export const messageFaults: readonly Fault[] = [
  {
    /** One of a hundred live records does not arrive, everywhere. */
    name: "drop-some",
    strike: ({ installation, lastsMs }) => pulled(installation.processes, { dropped: 0.01 }, lastsMs),
  },
  {
    name: "drop-half",
    strike: ({ installation, lastsMs }) => pulled(installation.processes, { dropped: 0.5 }, lastsMs),
  },
  {
    name: "drop-all",
    strike: ({ installation, lastsMs }) => pulled(installation.processes, { dropped: 1 }, lastsMs),
  },
  {
    /** Appends arrive when their writers have long given them up. */
    name: "late-appends",
    async strike({ installation, lastsMs }) {
      await pulled(installation.processes, { lateMs }, holdingMs);
      await wait(Math.max(lateMs, lastsMs));
    },
  },
  {
    name: "clock-ahead",
    strike: (scene) => pulled([anyOf(scene)], { clockMs: hourMs }, scene.lastsMs),
  },
  {
    name: "clock-behind",
    strike: (scene) => pulled([anyOf(scene)], { clockMs: -hourMs }, scene.lastsMs),
  },
];
