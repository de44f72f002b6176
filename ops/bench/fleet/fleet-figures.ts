import type { Figure } from "../figure.ts";
import { startFleet } from "./fleet.ts";
import { measureFollowing } from "./following.ts";
import { measureFleetLatency } from "./latency.ts";
import { measureResuming } from "./resuming.ts";
import { measureFleetSends } from "./sends.ts";
import { measureTakeover } from "./takeover.ts";

const targets = ["auth,user", "chat", "chat", "projector", "presence,media", "gateway", "gateway"];

/** What an installation of seven processes does on one machine, with three NATS servers that fsync and Cassandra. */
export async function measureFleet(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const measure of [measureFleetSends, measureFleetLatency, measureFollowing, measureTakeover, measureResuming]) {
    const fleet = await startFleet(targets);
    try {
      figures.push(...(await measure(fleet)));
    } finally {
      await fleet.stop();
    }
  }
  return figures;
}
