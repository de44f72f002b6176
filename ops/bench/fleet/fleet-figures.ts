import type { Figure, Measure } from "../figure.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { measureFollowing } from "./following.ts";
import { measureFleetLatency } from "./latency.ts";
import { measureResuming } from "./resuming.ts";
import { measureFleetSends } from "./sends.ts";
import { measureTakeover } from "./takeover.ts";

const targets = ["auth,user", "chat", "chat", "projector", "presence,media", "gateway", "gateway"];

/** What an installation of seven processes does on one machine, with three NATS servers that fsync and Cassandra. */
export const fleetMeasures = {
  "fleet-sends": onFleet(measureFleetSends),
  // A shard for each process that sequences: what comes at the same time shares more of its fsyncs.
  "fleet-latency": onFleet(measureFleetLatency, 2),
  "fleet-following": onFleet(measureFollowing),
  "fleet-takeover": onFleet(measureTakeover),
  "fleet-resuming": onFleet(measureResuming),
} as const;

function onFleet(measure: (fleet: Fleet) => Promise<Figure[]>, shards?: number): Measure {
  return async () => {
    const fleet = await startFleet(targets, shards);
    try {
      return await measure(fleet);
    } finally {
      await fleet.stop();
    }
  };
}
