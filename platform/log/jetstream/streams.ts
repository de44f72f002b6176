import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import type { NatsEngine } from "#platform/engines/nats.ts";
import { mayAnswerLater } from "#platform/engines/nats-patience.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { shardNames } from "./shard-names.ts";

/** Streams that are looked at and made at the same time. */
const atOnce = 4;

/** Makes the streams that are missing and brings those that are there to what the log needs. Throws StartError. */
export async function ensureStreams(engine: NatsEngine, shards: number): Promise<void> {
  const left = Array.from({ length: shards }, (_, shard) =>
    configOf(engine, shard, Math.floor(engine.maxBytes / shards)),
  );
  const work = async () => {
    for (let config = left.pop(); config; config = left.pop()) await ensureStream(engine, config);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

type LogStream = ReturnType<typeof configOf>;

function configOf({ name, replicas }: NatsEngine, shard: number, maxBytes: number) {
  const { stream, subject, live } = shardNames(name, shard);
  return {
    name: stream,
    subjects: [subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: replicas,
    // What was acknowledged goes only when it is trimmed: never for its age, and never to make room.
    discard: DiscardPolicy.New,
    max_bytes: maxBytes,
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    deny_delete: true,
    deny_purge: false,
    allow_direct: true,
    allow_rollup_hdrs: false,
    republish: { src: subject, dest: live },
  } satisfies Partial<StreamConfig>;
}

async function ensureStream({ jetstreamManager }: NatsEngine, wanted: LogStream): Promise<void> {
  const { streams } = jetstreamManager;
  try {
    const found = await streams.info(wanted.name).catch(undefinedIfMissing);
    if (!found) await streams.add(wanted);
    else if (found.config.num_replicas > wanted.num_replicas) throw fewerReplicas(found.config, wanted);
    else if (differs(found.config, wanted)) await streams.update(wanted.name, wanted);
  } catch (error) {
    if (error instanceof StartError || mayAnswerLater(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`JetStream does not keep the log as asked for (stream ${wanted.name}): ${reason}. ${advice}`, {
      cause: error,
    });
  }
}

const advice = "Check that there are as many servers as replicas, and room for max_bytes of PARLEY_LOG on each.";

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
  throw error;
}

function fewerReplicas(found: StreamConfig, wanted: LogStream): StartError {
  return new StartError(
    `The log is kept ${found.num_replicas} times, and PARLEY_LOG asks for ${wanted.num_replicas}: set replicas=${found.num_replicas}.`,
  );
}

function differs(found: StreamConfig, wanted: LogStream): boolean {
  const { republish, subjects, ...plain } = wanted;
  if (found.republish?.dest !== republish.dest || found.subjects?.join() !== subjects.join()) return true;
  const keys = Object.keys(plain) as (keyof typeof plain)[];
  return keys.some((key) => (found[key] ?? false) !== plain[key]);
}
