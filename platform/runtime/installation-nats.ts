import { JetStreamApiError } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsEngine } from "#platform/engines/nats.ts";
import type { Installation, InstallationRow } from "./installation.ts";

const timeoutMs = 5_000;
/** How servers tell that the key has another revision; the second where a write to it is in flight. */
const wrongRevision = [10071, 10164];

/** The row in a bucket beside the log: key `installation`, JSON. */
export async function openNatsInstallation({ connection, name, replicas }: NatsEngine): Promise<InstallationRow> {
  const bucket = await new Kvm(connection).create(`${name}_installation`, { replicas, timeout: timeoutMs });
  const key = "installation";
  return {
    async read() {
      return (await bucket.get(key))?.json<Installation>();
    },
    async replace(expected, { id, incarnation }) {
      const entry = await bucket.get(key);
      const now = entry?.json<Installation>();
      if (now?.id !== expected?.id || now?.incarnation !== expected?.incarnation) return false;
      try {
        const previousSeq = entry?.revision ?? 0;
        await bucket.put(key, JSON.stringify({ id, incarnation }), { previousSeq, timeout: timeoutMs });
        return true;
      } catch (error) {
        if (error instanceof JetStreamApiError && wrongRevision.includes(error.code)) return false;
        throw error;
      }
    },
  };
}
