import { openBucket, putIf } from "#platform/engines/nats-bucket.ts";
import type { NatsOfFleet } from "./beats-nats.ts";
import type { LeaseRecords } from "./lease-records.ts";

const timeoutMs = 2_000;

/** Records in a bucket that outlives its servers. */
export async function openNatsLeaseRecords(nats: NatsOfFleet): Promise<LeaseRecords> {
  const bucket = await openBucket(nats, "leases", { timeout: timeoutMs });
  return {
    async read(group, key) {
      const entry = await bucket.get(`${group}.${key}`);
      return { holder: entry?.string() ?? "", revision: entry?.revision ?? 0 };
    },
    write: (group, key, holder, revision) => putIf(bucket, `${group}.${key}`, revision, holder, timeoutMs),
  };
}
