import type { Figure } from "../figure.ts";
import { gather, makePeople } from "../load/people.ts";
import { paced } from "../load/rates.ts";
import { send } from "../load/sending.ts";
import { openWire } from "../load/wire.ts";
import type { Fleet } from "./fleet.ts";

const eventsPerSecond = 10_000;
const batch = 100;
const seconds = 8;
const senders = 32;

/** CPU of a process that follows the log and has nobody to tell it to: a gateway without streams. */
export async function measureFollowing(fleet: Fleet): Promise<Figure[]> {
  const [sending, idle] = fleet.gateways;
  const wire = openWire(sending?.url ?? "", 4);
  try {
    const people = await makePeople(fleet, wire, senders);
    const ids = await Promise.all(people.map((person) => gather(wire, [person])));
    const before = (await idle?.cpuSeconds()) ?? 0;
    const start = performance.now();
    const calls = await paced(eventsPerSecond / batch, seconds, async (n) => {
      await send(wire, people[n % senders]?.token ?? "", ids[n % senders] ?? "", batch);
    });
    const elapsed = (performance.now() - start) / 1000;
    const cpu = ((await idle?.cpuSeconds()) ?? 0) - before;
    const rate = (calls * batch) / elapsed;
    const name = `fleet: following at ${Math.round(rate).toLocaleString("en")} events/s`;
    return [
      { name: `${name}, of a core`, unit: "%", value: (100 * cpu) / elapsed },
      { name: `${name}, an event`, unit: "µs", value: (cpu / (calls * batch)) * 1e6 },
    ];
  } finally {
    wire.close();
  }
}
