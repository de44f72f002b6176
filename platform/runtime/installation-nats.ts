import type { KV } from "@nats-io/kv";
import { openBucket, putIf } from "#platform/engines/nats-bucket.ts";
import { untilAnswered } from "#platform/engines/nats-patience.ts";
import type { NatsOfFleet } from "#platform/fleet/beats-nats.ts";
import type { Installation, InstallationRow } from "./installation.ts";
import type { Fingerprints } from "./keys.ts";

/** What all processes of an installation must agree on. */
export interface NatsInstallation {
  readonly row: InstallationRow;
  readonly fingerprints: Fingerprints;
  /** Number of shards: the largest that any process was ever configured with. */
  agreeOnShards(configured: number): Promise<number>;
  readShards(): Promise<number | undefined>;
}

const timeoutMs = 5_000;

/** In a bucket beside the log. */
export async function openNatsInstallation(nats: NatsOfFleet): Promise<NatsInstallation> {
  const bucket = await openBucket(nats, "installation", {
    timeout: timeoutMs,
    // Copies that are behind tell what was before: here it is asked what is.
    allow_direct: false,
  });
  return {
    row: rowOf(bucket),
    fingerprints: fingerprintsOf(bucket),
    async agreeOnShards(configured) {
      for (;;) {
        const entry = await bucket.get("shards");
        const agreed = entry?.json<number>() ?? 0;
        if (agreed >= configured) return agreed;
        if (await replaceIf(bucket, "shards", entry?.revision ?? 0, String(configured))) return configured;
      }
    },
    readShards: async () => (await bucket.get("shards"))?.json<number>(),
  };
}

function fingerprintsOf(bucket: KV): Fingerprints {
  const find = async (key: string) => (await untilAnswered(() => bucket.get(key)))?.string();
  return {
    find,
    async claim(key, fingerprint) {
      await replaceIf(bucket, key, 0, fingerprint);
      return (await find(key)) ?? "";
    },
    async replace(key, fingerprint) {
      await untilAnswered(() => bucket.put(key, fingerprint, { timeout: timeoutMs }));
    },
  };
}

function rowOf(bucket: KV): InstallationRow {
  const key = "installation";
  return {
    async read() {
      return (await untilAnswered(() => bucket.get(key)))?.json<Installation>();
    },
    async replace(expected, { id, incarnation }) {
      const entry = await untilAnswered(() => bucket.get(key));
      const now = entry?.json<Installation>();
      if (now?.id !== expected?.id || now?.incarnation !== expected?.incarnation) return false;
      return await replaceIf(bucket, key, entry?.revision ?? 0, JSON.stringify({ id, incarnation }));
    },
  };
}

/** Where an earlier try was done without an answer, the next one finds another revision: whoever asks reads again. */
async function replaceIf(bucket: KV, key: string, revision: number, value: string): Promise<boolean> {
  return (await untilAnswered(() => putIf(bucket, key, revision, value, timeoutMs))) !== undefined;
}
