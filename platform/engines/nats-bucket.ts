import { type KV, Kvm, type KvOptions } from "@nats-io/kv";
import type { NatsEngine } from "./nats.ts";

/**
 * Opens the bucket `<name>_<bucket>` of an installation; makes it where there is none. One that has fewer copies than are
 * asked for gets them.
 */
export async function openBucket(
  { connection, jetstreamManager, name, replicas }: NatsBuckets,
  bucket: string,
  options: Partial<KvOptions>,
): Promise<KV> {
  const kv = await new Kvm(connection).create(`${name}_${bucket}`, { ...options, replicas });
  const { streamInfo } = await kv.status();
  if (streamInfo.config.num_replicas < replicas) {
    await jetstreamManager.streams.update(streamInfo.config.name, { num_replicas: replicas });
  }
  return kv;
}

export type NatsBuckets = Pick<NatsEngine, "connection" | "jetstreamManager" | "name" | "replicas">;
