import { fromBinary } from "@bufbuild/protobuf";
import { EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import type { CheckpointStore } from "#platform/log/checkpoints/checkpoint-store.ts";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import { projectorName } from "../stores/projection-store.ts";
import { entryHash, hashOf } from "./entry-hash.ts";

/**
 * Stops each shard whose log does not hold what the store has applied last: the log was lost or rolled back, and going
 * on would give numbers out twice. Only a restore or a recovery mends it: both begin the next incarnation.
 *
 * It asks the log, not what is followed: a ring that is full of what the store does not have yet keeps nothing else.
 */
export async function verifyCheckpoints(
  checkpoints: CheckpointStore,
  following: Following,
  log: EventLog,
): Promise<void> {
  for (let shard = 0; shard < following.shards; shard++) {
    const checkpoint = await checkpoints.read(projectorName, shard);
    if (!checkpoint || checkpoint.position === 0 || following.stopped(shard)) continue;
    const { position, entryHash: applied } = checkpoint;
    if (await isLogged(log, shard, position, applied)) continue;
    following.stop(shard, `the log does not hold position ${position} as the store has applied it`);
  }
}

/** Whether the log holds, at a position, the entry that a checkpoint tells of. */
export async function isLogged(log: EventLog, shard: number, position: number, applied: Uint8Array): Promise<boolean> {
  const logged = await loggedHash(log, shard, position);
  return logged !== undefined && Buffer.compare(logged, applied) === 0;
}

/** What a checkpoint says of the entry at a position; undefined where the log has none. */
export async function loggedHash(log: EventLog, shard: number, position: number): Promise<Uint8Array | undefined> {
  const [record] = await log.read(shard, position, 1);
  const entry = record?.entries[position - Number(record.position)];
  if (!record || !entry) return undefined;
  if (!entry.header) return hashOf(["owner", Number(record.epoch), position]);
  const event = fromBinary(EventSchema, entry.event);
  const { header } = entry;
  return entryHash({ conversationId: conversationId(event.conversationId), seq: Number(event.seq), position, header });
}
