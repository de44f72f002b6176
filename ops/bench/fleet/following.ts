import type { Figure } from "../figure.ts";
import { paced } from "../load/rates.ts";
import type { Fleet } from "./fleet.ts";
import { openLogFeed } from "./log-feed.ts";

const eventsPerSecond = 10_000;
const group = 100;
const warmUpSeconds = 10;
const seconds = 10;

/**
 * CPU of a process that follows the log and has nobody to tell it to: a gateway without streams. Who wrote the log is
 * gone, and the benchmark writes it by itself: a machine that is full would tell of nothing but that.
 */
export async function measureFollowing(fleet: Fleet): Promise<Figure[]> {
  const [gateway] = fleet.gateways;
  if (!gateway) throw new Error("a gateway is needed");
  for (const process of fleet.processes) if (process.targets !== "gateway") await process.kill();
  const feed = await openLogFeed(fleet);
  const turns = Array.from({ length: fleet.log.shards }, () => Promise.resolve());
  const write = (n: number) => {
    const shard = n % turns.length;
    const written = (turns[shard] ?? Promise.resolve()).then(() => feed.append(shard, group));
    turns[shard] = written;
    return written;
  };
  try {
    await paced(eventsPerSecond / group, warmUpSeconds, write);
    const before = await gateway.cpuSeconds();
    const start = performance.now();
    const groups = await paced(eventsPerSecond / group, seconds, write);
    const elapsed = (performance.now() - start) / 1000;
    const cpu = (await gateway.cpuSeconds()) - before;
    const rate = Math.round((groups * group) / elapsed).toLocaleString("en");
    return [
      { name: `fleet: following at ${rate} events/s, of a core`, unit: "%", value: (100 * cpu) / elapsed },
      { name: `fleet: following at ${rate} events/s, an event`, unit: "µs", value: (cpu / (groups * group)) * 1e6 },
    ];
  } finally {
    await feed.close();
  }
}
