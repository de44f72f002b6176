import { DiscardPolicy, PubHeaders, StorageType } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import type { NatsEngine } from "../../../platform/engines/nats.ts";
import type { Appender } from "./appender.ts";

/** Groups of bytes published with nothing around them, fenced by the last sequence of the shard's stream. */
export async function openBareStreams(engine: NatsEngine, shards: number): Promise<Appender> {
  for (let shard = 0; shard < shards; shard++)
    await addStream(engine, `bare-${shard}`, `bare.${shard}`, `live.bare.${shard}`);
  const last = new Map<number, number>();
  return {
    name: "bare fenced groups",
    async append(shard, bytes) {
      const expected = last.get(shard) ?? 0;
      last.set(shard, await publish(engine, `bare.${shard}`, bytes, PubHeaders.ExpectedLastSeqHdr, expected));
    },
  };
}

/** The same with all shards in one stream, fenced by the last sequence of the shard's subject. */
export async function openBareStream(engine: NatsEngine): Promise<Appender> {
  await addStream(engine, "together", "together.*", "live.together.{{wildcard(1)}}");
  const last = new Map<number, number>();
  return {
    name: "bare fenced groups of all shards in one stream",
    async append(shard, bytes) {
      const expected = last.get(shard) ?? 0;
      last.set(
        shard,
        await publish(engine, `together.${shard}`, bytes, PubHeaders.ExpectedLastSubjectSequenceHdr, expected),
      );
    },
  };
}

async function addStream(engine: NatsEngine, name: string, subject: string, live: string): Promise<void> {
  await engine.jetstreamManager.streams.add({
    name,
    subjects: [subject],
    republish: { src: subject, dest: live },
    storage: StorageType.File,
    num_replicas: engine.replicas,
    discard: DiscardPolicy.New,
    max_bytes: 2 ** 30,
  });
}

async function publish(engine: NatsEngine, subject: string, bytes: Uint8Array, header: string, expected: number) {
  const fence = headers();
  fence.set(header, String(expected));
  const answer = await engine.connection.request(subject, bytes, { headers: fence, timeout: 10_000 });
  const { seq, error } = answer.json<{ seq: number; error?: { description: string } }>();
  if (error) throw new Error(error.description);
  return seq;
}
