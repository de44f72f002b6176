import type { Figure } from "../figure.ts";
import { gather, makePeople, type Person } from "../load/people.ts";
import { roundsPerSecond } from "../load/rates.ts";
import { nameOf, send } from "../load/sending.ts";
import { openWire, type Wire } from "../load/wire.ts";
import { groupsPerSecond } from "./bare-groups.ts";
import type { Fleet } from "./fleet.ts";

const senders = 64;
const seconds = 10;
const warmUpSeconds = 30;
const connections = 4;
const batches = [1, 50, 100];
/** Of those that are sent in batches. */
const goalPerSecond = 20_000;
/** Most entries of a group in the log. */
const maxGroup = 256;

/** Acknowledged durable sends through a gateway, and where the CPU goes. */
export async function measureFleetSends(fleet: Fleet): Promise<Figure[]> {
  const [gateway] = fleet.gateways;
  const wire = openWire(gateway?.url ?? "", connections);
  try {
    const people = await makePeople(fleet, wire, senders);
    const conversationIds = await Promise.all(people.map((person) => gather(wire, [person])));
    const figures: Figure[] = [];
    for (const batch of batches) {
      // Seven programs, and Cassandra's, are compiled as they are used.
      await roundsPerSecond(senders, warmUpSeconds, (n) =>
        send(wire, people[n]?.token ?? "", conversationIds[n] ?? "", batch),
      );
      figures.push(...(await measureBatch(fleet, wire, people, conversationIds, batch)));
    }
    return figures;
  } finally {
    wire.close();
  }
}

async function measureBatch(
  fleet: Fleet,
  wire: Wire,
  people: readonly Person[],
  conversationIds: readonly string[],
  batch: number,
): Promise<Figure[]> {
  const before = await fleet.cpuSeconds();
  const own = process.cpuUsage();
  const start = performance.now();
  let sent = 0;
  const rounds = await roundsPerSecond(senders, seconds, async (worker) => {
    await send(wire, people[worker]?.token ?? "", conversationIds[worker] ?? "", batch);
    sent += batch;
  });
  const elapsed = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(own);
  const spent = new Map([...(await fleet.cpuSeconds())].map(([name, cpu]) => [name, cpu - (before.get(name) ?? 0)]));
  spent.set("clients", (user + system) / 1e6);
  const name = `fleet: acknowledged durable sends, ${senders} senders, ${nameOf(batch)}`;
  const floor = {
    name: "bare fenced groups of the same size",
    value: await groupsPerSecond(Math.min(maxGroup, batch)),
  };
  return [
    {
      ...{ name, unit: "messages/s", value: rounds * batch, floors: [floor] },
      ...(batch > 1 ? { goal: { atLeast: goalPerSecond } } : {}),
    },
    ...[...spent].map(([process, cpu]) => ({
      name: `  CPU of ${process}, ${Math.round((100 * cpu) / elapsed)} % of a core, a message`,
      unit: "µs",
      value: (cpu / sent) * 1e6,
    })),
  ];
}
