import type { Figure } from "../figure.ts";
import { commitsPerSecond } from "../floors/group-commit.ts";
import { gather, makePeople, type Person } from "../load/people.ts";
import { type MeasuredServer, startBareServer, startMeasuredServer } from "../load/process.ts";
import { roundsPerSecond } from "../load/rates.ts";
import { nameOf, requestOf, send } from "../load/sending.ts";
import { openWire, type Wire } from "../load/wire.ts";

const seconds = 3;
const connections = 4;
/** Most entries of a group in the log. */
const maxGroup = 256;

interface Load {
  readonly senders: number;
  /** Messages of one call; 1 is a unary SendMessage. */
  readonly batch: number;
}

const loads: readonly Load[] = [1, 50].flatMap((batch) => [1, 64].map((senders) => ({ senders, batch })));

/** Acknowledged durable sends a second. */
export async function measureSends(): Promise<Figure[]> {
  const server = await startMeasuredServer();
  const wire = openWire(server.url, connections);
  try {
    const people = await makePeople(server, wire, Math.max(...loads.map(({ senders }) => senders)));
    const figures: Figure[] = [];
    for (const load of loads) figures.push(await measureLoad(load, wire, people));
    return [...figures, await measureCpu(server, wire, people)];
  } finally {
    wire.close();
    await server.stop();
  }
}

async function measureLoad({ senders, batch }: Load, wire: Wire, people: readonly Person[]): Promise<Figure> {
  const some = people.slice(0, senders);
  const conversationIds = await Promise.all(some.map((person) => gather(wire, [person])));
  const rounds = await roundsPerSecond(senders, seconds, async (worker) => {
    await send(wire, some[worker]?.token ?? "", conversationIds[worker] ?? "", batch);
  });
  return {
    name: `acknowledged durable sends, ${senders} ${senders === 1 ? "sender" : "senders"}, ${nameOf(batch)}`,
    unit: "messages/s",
    value: rounds * batch,
    floors: [
      { name: "bare node:http2 echo of the same bodies", value: (await echoRate(senders, batch)) * batch },
      { name: "bare SQLite group commit", value: commitsPerSecond(Math.min(maxGroup, senders * batch)) },
    ],
  };
}

/** What one acknowledged send costs the server where nobody listens. */
async function measureCpu(server: MeasuredServer, wire: Wire, people: readonly Person[]): Promise<Figure> {
  const conversationIds = await Promise.all(people.map((person) => gather(wire, [person])));
  const before = await server.cpuSeconds();
  let sends = 0;
  await roundsPerSecond(people.length, seconds, async (worker) => {
    await send(wire, people[worker]?.token ?? "", conversationIds[worker] ?? "", 1);
    sends++;
  });
  const cpu = (await server.cpuSeconds()) - before;
  return { name: "server CPU of a unary send, 64 senders", unit: "µs", value: (cpu / sends) * 1e6 };
}

async function echoRate(senders: number, batch: number): Promise<number> {
  const server = await startBareServer();
  const wire = openWire(server.url, connections);
  const body = requestOf("A".repeat(24), batch);
  try {
    return await roundsPerSecond(senders, 1, async () => void (await wire.send("/echo", "", body)));
  } finally {
    wire.close();
    await server.stop();
  }
}
