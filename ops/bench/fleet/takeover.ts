import { type Figure, percentile } from "../figure.ts";
import { gather, makePeople } from "../load/people.ts";
import { pause } from "../load/rates.ts";
import { send } from "../load/sending.ts";
import { openWire } from "../load/wire.ts";
import type { Fleet, FleetProcess } from "./fleet.ts";

const senders = 32;
const kills = 3;
/** Between two kills: the fleet is whole again. */
const calmMs = 4_000;
const goalMs = 3_000;

/** How long the shards of a chat process that is killed take no message: the longest wait of any sender. */
export async function measureTakeover(fleet: Fleet): Promise<Figure[]> {
  const [gateway] = fleet.gateways;
  const wire = openWire(gateway?.url ?? "", 4);
  const stalls: number[] = [];
  try {
    const people = await makePeople(fleet, wire, senders);
    const ids = await Promise.all(people.map((person) => gather(wire, [person])));
    let chats: FleetProcess[] = fleet.processes.filter(({ targets }) => targets === "chat");
    for (let kill = 0; kill < kills; kill++) {
      const watch = keepSending((n) => send(wire, people[n]?.token ?? "", ids[n] ?? "", 1));
      await pause(calmMs);
      watch.begin();
      const [first, ...others] = chats;
      await first?.kill();
      await pause(goalMs * 2);
      stalls.push(await watch.end());
      chats = [...others, await fleet.start("chat")];
      await pause(calmMs);
    }
    return [
      {
        name: "fleet: longest wait of a sender after its shard's owner is killed, median of kills",
        unit: "ms",
        value: percentile(stalls, 0.5),
        goal: { atMost: goalMs },
      },
      { name: "fleet: the same, worst of kills", unit: "ms", value: Math.max(...stalls) },
    ];
  } finally {
    wire.close();
  }
}

/** Each sender sends one after the other and repeats what fails; tells the longest time between two acknowledgements. */
function keepSending(sendOne: (sender: number) => Promise<void>) {
  let isOver = false;
  let longest = 0;
  const loops = Array.from({ length: senders }, async (_, sender) => {
    let last = performance.now();
    while (!isOver) {
      const isSent = await sendOne(sender).then(
        () => true,
        () => false,
      );
      if (!isSent) {
        await pause(20);
        continue;
      }
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
  });
  return {
    begin: () => {
      longest = 0;
    },
    async end(): Promise<number> {
      isOver = true;
      await Promise.all(loops);
      return longest;
    },
  };
}
