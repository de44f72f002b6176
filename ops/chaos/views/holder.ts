import type { NatsConnection } from "@nats-io/transport-node";
import type { Beat } from "#platform/fleet/beats.ts";

/** So long that each process tells several times what it holds. */
const toldWithinMs = 5_000;

/** Address of the process that holds a key of a group of leases, as it tells the others. Rejects where none does. */
export async function holderOf(connection: NatsConnection, name: string, group: string, key: number): Promise<string> {
  const beats = connection.subscribe(`${name}.fleet.>`, { timeout: toldWithinMs });
  try {
    for await (const message of beats) {
      if (message.data.length === 0) continue;
      const { process, groups } = message.json<Beat>();
      if (groups[group]?.held[key] !== undefined) return process.address;
    }
    throw new Error("the connection to the log ended");
  } finally {
    beats.unsubscribe();
  }
}
