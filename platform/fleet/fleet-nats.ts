import { type NatsOfFleet, openBeats } from "./beats-nats.ts";
import type { Fleet } from "./fleet.ts";
import { openNatsLeaseRecords } from "./lease-records-nats.ts";
import { createNatsLeases } from "./leases-nats.ts";
import type { Process } from "./processes.ts";
import { createNatsProcesses } from "./processes-nats.ts";

/** The processes that share an installation's name on NATS. The connection stays the caller's. */
export async function openNatsFleet(nats: NatsOfFleet, self: Process): Promise<Fleet> {
  const records = await openNatsLeaseRecords(nats);
  const beats = await openBeats(nats, self);
  return {
    self,
    processes: createNatsProcesses(beats),
    leases: createNatsLeases(beats, records),
    close: () => beats.close(),
  };
}
