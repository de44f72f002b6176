import { JetStreamApiError } from "@nats-io/jetstream";
import { openBucket } from "#platform/engines/nats-bucket.ts";
import type { NatsOfFleet } from "./beats-nats.ts";
import type { LeaseRecords } from "./lease-records.ts";

const timeoutMs = 2_000;
/** How servers tell that a key has another revision; the second where a write to it is in flight. */
const wrongRevision = [10071, 10164];

/** Records in a bucket that outlives its servers. */
export async function openNatsLeaseRecords(nats: NatsOfFleet): Promise<LeaseRecords> {
  const bucket = await openBucket(nats, "leases", { timeout: timeoutMs });
  return {
    async read(group, key) {
      const entry = await bucket.get(`${group}.${key}`);
      return { holder: entry?.string() ?? "", revision: entry?.revision ?? 0 };
    },
    async write(group, key, holder, revision) {
      try {
        return await bucket.put(`${group}.${key}`, holder, { previousSeq: revision, timeout: timeoutMs });
      } catch (error) {
        if (error instanceof JetStreamApiError && wrongRevision.includes(error.code)) return undefined;
        throw error;
      }
    },
  };
}
