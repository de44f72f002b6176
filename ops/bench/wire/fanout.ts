import type { Figure, Goal } from "../figure.ts";
import type { Crowd } from "./crowds/crowd.ts";
import { openBareCrowd, openConnectNodeCrowd, openGrpcJsCrowd } from "./crowds/http2-crowds.ts";
import { openDeafCrowd, openParleyCrowd, publishingAlone } from "./crowds/parley-crowds.ts";
import { openSocketIoCrowd, openWsCrowd } from "./crowds/web-socket-crowds.ts";
import { type Fanout, gently, underLoad } from "./deliveries.ts";
import { inRounds } from "./rounds.ts";
import { sideBySide } from "./side-by-side.ts";

const size = 1000;
const rounds = 5;
const seconds = 2;
const gentlePerSecond = 20;

const openers = [
  openBareCrowd,
  openWsCrowd,
  openSocketIoCrowd,
  openGrpcJsCrowd,
  openConnectNodeCrowd,
  openDeafCrowd,
  openParleyCrowd,
];

/** What a message costs for each of 1,000 subscribers on connections of their own. */
export async function measureFanout(): Promise<Figure[]> {
  const crowds: Crowd[] = [];
  try {
    for (const open of openers) {
      const crowd = await open(size);
      crowds.push(crowd);
      await crowd.add(size, 1);
    }
    const load = (crowd: Crowd) => underLoad(crowd, size, seconds);
    const gentle = (crowd: Crowd) => gently(crowd, size, gentlePerSecond, seconds);
    for (const crowd of crowds) await load(crowd);
    const name = `delivery to ${size.toLocaleString("en")} connections`;
    return [
      ...compare(`${name}, under load`, await inRounds(crowds, rounds, load), { timesFloor: 1.6, atMost: 2.9 }),
      ...compare(`${name}, ${gentlePerSecond} messages/s`, await inRounds(crowds, rounds, gentle), { timesFloor: 1.2 }),
    ];
  } finally {
    await Promise.all(crowds.map((crowd) => crowd.close()));
  }
}

/** Publishing to nobody has a cost, but no rate of deliveries. */
function compare(name: string, samples: ReadonlyMap<string, readonly Fanout[]>, goal: Goal): Figure[] {
  const delivering = new Map([...samples].filter(([contender]) => contender !== publishingAlone));
  return [
    sideBySide({ name: `${name}, server CPU`, unit: "µs", samples, value: ({ cpuMicros }) => cpuMicros, goal }),
    sideBySide({
      name: `${name}, rate`,
      unit: "/s",
      samples: delivering,
      value: (fanout) => fanout.deliveriesPerSecond,
    }),
  ];
}
