import type { Figure } from "../figure.ts";
import { collectGarbage, inspectable } from "../load/garbage.ts";
import type { Measured } from "../load/process.ts";
import type { OpenCrowd } from "./crowds/crowd.ts";
import { openBareCrowd, openConnectNodeCrowd } from "./crowds/http2-crowds.ts";
import { openParleyCrowd } from "./crowds/parley-crowds.ts";
import { openSocketIoCrowd, openWsCrowd } from "./crowds/web-socket-crowds.ts";
import { sideBySide } from "./side-by-side.ts";

const rounds = 3;

interface Shape {
  readonly name: string;
  /** The slope is taken between these: what the first subscribers warm up is not counted. */
  readonly few: number;
  readonly many: number;
  readonly perConnection: number;
  readonly openers: readonly OpenCrowd[];
  readonly goal: number;
}

const shapes: readonly Shape[] = [
  {
    name: "memory of an idle subscriber on a connection of its own",
    few: 300,
    many: 1500,
    perConnection: 1,
    openers: [openBareCrowd, openWsCrowd, openSocketIoCrowd, openConnectNodeCrowd, openParleyCrowd],
    goal: 36,
  },
  {
    name: "memory of an idle subscriber, 100 of them on a connection",
    few: 1000,
    many: 6000,
    perConnection: 100,
    openers: [openBareCrowd, openConnectNodeCrowd, openParleyCrowd],
    goal: 14,
  },
];

/** What an idle subscriber takes of the server's memory: as devices connect, and behind a load balancer. */
export async function measureMemory(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const shape of shapes) {
    const samples = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      for (const open of shape.openers) {
        const { name, kilobytes } = await slope(open, shape);
        samples.set(name, [...(samples.get(name) ?? []), kilobytes]);
      }
    }
    const goal = { atMost: shape.goal };
    figures.push(sideBySide({ name: shape.name, unit: "KB", samples, value: (kilobytes) => kilobytes, goal }));
  }
  return figures;
}

/** What the server grows by with each further subscriber. */
async function slope(
  open: OpenCrowd,
  { few, many, perConnection }: Shape,
): Promise<{ name: string; kilobytes: number }> {
  const crowd = await open(many, inspectable);
  try {
    await crowd.add(few, perConnection);
    const before = await settledMemory(crowd.server);
    await crowd.add(many - few, perConnection);
    return { name: crowd.name, kilobytes: ((await settledMemory(crowd.server)) - before) / (many - few) / 1000 };
  } finally {
    await crowd.close();
  }
}

async function settledMemory(server: Measured): Promise<number> {
  await collectGarbage(server);
  return server.residentBytes();
}
