import type { Figure } from "../figure.ts";
import { collectGarbage, inspectable } from "../load/garbage.ts";
import { makePeople, type Person } from "../load/people.ts";
import { type Measured, startBareServer, startMeasuredServer } from "../load/process.ts";
import { subscribe } from "../load/subscribers.ts";
import { openWire, type Wire } from "../load/wire.ts";

/** The slope is taken between these: what the first subscribers warm up is not counted. */
const few = 300;
const many = 1500;

/** What an idle subscriber takes of the server's memory, each on a connection of its own, as real devices are. */
export async function measureMemory(): Promise<Figure[]> {
  return [
    {
      name: "memory of an idle subscriber on a connection of its own",
      unit: "KB",
      value: await memoryOfParley(),
      floors: [{ name: "bare node:http2 stream", value: await memoryOfBare() }],
    },
  ];
}

async function memoryOfParley(): Promise<number> {
  const server = await startMeasuredServer(inspectable);
  const setUp = openWire(server.url, 4);
  try {
    const people = await makePeople(server, setUp, many);
    return await slope(server, async (from, to) => {
      const wire = openWire(server.url, to - from);
      await subscribe(wire, people.slice(from, to) as Person[], () => {});
      return wire;
    });
  } finally {
    setUp.close();
    await server.stop();
  }
}

async function memoryOfBare(): Promise<number> {
  const server = await startBareServer(inspectable);
  try {
    return await slope(server, async (from, to) => {
      const wire = openWire(server.url, to - from);
      await Promise.all(Array.from({ length: to - from }, () => wire.listen("/listen/idle", () => {})));
      return wire;
    });
  } finally {
    await server.stop();
  }
}

/** Kilobytes that the server grows by with each further stream. */
async function slope(server: Measured, open: (from: number, to: number) => Promise<Wire>): Promise<number> {
  const wires = [await open(0, few)];
  try {
    const before = await settledMemory(server);
    wires.push(await open(few, many));
    return ((await settledMemory(server)) - before) / (many - few) / 1000;
  } finally {
    for (const wire of wires) wire.close();
  }
}

async function settledMemory(server: Measured): Promise<number> {
  await collectGarbage(server);
  return server.residentBytes();
}
