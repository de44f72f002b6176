import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { type KV, Kvm, type KvOptions } from "@nats-io/kv";
import type { NatsEngine } from "./nats.ts";

export type NatsBuckets = Pick<NatsEngine, "connection" | "jetstreamManager" | "name" | "replicas">;

/**
 * Opens the bucket `<name>_<bucket>` of an installation; makes it where there is none. One that has fewer copies than are
 * asked for gets them.
 */
export async function openBucket(
  { connection, jetstreamManager: { streams }, name, replicas }: NatsBuckets,
  bucket: string,
  options: Partial<KvOptions>,
): Promise<KV> {
  const stream = `KV_${name}_${bucket}`;
  const found = await streams.info(stream).catch(undefinedIfMissing);
  if (found && found.config.num_replicas < replicas) await streams.update(stream, { num_replicas: replicas });
  return await new Kvm(connection).create(`${name}_${bucket}`, { ...options, replicas });
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
  throw error;
}

/** How servers tell that a key has another revision; the second where a write to it is in flight. */
const wrongRevision = [10071, 10164];

/** Writes a key if it still has the revision, 0 if there is none. Returns the new one; undefined: nothing changed. */
export async function putIf(
  bucket: KV,
  key: string,
  revision: number,
  value: string,
  timeout: number,
): Promise<number | undefined> {
  try {
    return await bucket.put(key, value, { previousSeq: revision, timeout });
  } catch (error) {
    if (error instanceof JetStreamApiError && wrongRevision.includes(error.code)) return undefined;
    throw error;
  }
}
