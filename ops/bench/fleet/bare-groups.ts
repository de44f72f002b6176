import { randomBytes } from "node:crypto";
import { jetstream, jetstreamManager, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { startEngine } from "../../engines/start-engine.ts";

const seconds = 3;
const streams = 4;
/** Bytes of an entry in the log, with its header. */
const entryBytes = 300;

/**
 * Messages a second that groups of a size make which are published bare, each fenced by the number of the last one, one
 * in flight a stream, to three servers of their own that fsync.
 */
export async function groupsPerSecond(size: number): Promise<number> {
  const nats = await startEngine("nats-cluster");
  const connection = await connect({ servers: nats.url.replace("nats://", "").split(",") });
  try {
    const manager = await jetstreamManager(connection);
    const client = jetstream(connection);
    const names = Array.from({ length: streams }, (_, n) => `bare_${n}`);
    for (const name of names) {
      const config = { name, subjects: [name], num_replicas: 3, storage: StorageType.File };
      await manager.streams.add({ ...config, retention: RetentionPolicy.Limits });
    }
    const payload = randomBytes(entryBytes * size);
    const start = performance.now();
    let groups = 0;
    await Promise.all(
      names.map(async (name) => {
        for (let lastSequence = 0; performance.now() - start < seconds * 1000; groups++) {
          lastSequence = (await client.publish(name, payload, { expect: { lastSequence } })).seq;
        }
      }),
    );
    return (groups * size * 1000) / (performance.now() - start);
  } finally {
    await connection.close();
    await nats.stop();
  }
}
