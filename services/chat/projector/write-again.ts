import { fromBinary } from "@bufbuild/protobuf";
import { EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import type { Record as LogRecord } from "#gen/parley/log/v1/record_pb.js";
import { type EventLog, lastPosition } from "#platform/log/event-log.ts";
import type { FollowedEntry, Following } from "#platform/log/following.ts";
import { conversationId } from "#platform/runtime/ids.ts";
import type { ProjectionStore } from "../stores/projection-store.ts";
import type { Stretch } from "./stretch.ts";

/** Most bytes of the log that are read, and folded, at once. */
const readBytes = 256 * 1024;

export interface WriteAgainOptions {
  readonly shard: number;
  readonly log: EventLog;
  readonly following: Following;
  readonly projection: ProjectionStore;
  readonly write: (stretch: Stretch) => Promise<void>;
  /** Whether to go on. */
  readonly holds: () => boolean;
}

/**
 * Writes again what the store may have lost though it acknowledged it: what stands in the log above the settled
 * checkpoint, up to the watermark. Rows that are there already do not change.
 */
export async function writeAgain(options: WriteAgainOptions): Promise<void> {
  const { shard, log, following, projection, write, holds } = options;
  if (!projection.settling) return;
  const settled = await projection.settling.settled(shard);
  // In another life of the log positions are other events.
  const from = settled?.incarnation === following.incarnation(shard) ? settled.position : 0;
  const to = following.watermark(shard);
  for (let next = from + 1; next <= to && holds(); ) {
    const records = await log.read(shard, next, readBytes);
    const last = records.at(-1);
    if (!last) return;
    const entries = records.flatMap((record) => entriesOf(record, shard));
    const due = entries.filter(({ position }) => position >= next && position <= to);
    if (due.length > 0) await write({ after: next - 1, entries: due });
    next = lastPosition(last) + 1;
  }
}

/** Entries as they were appended: content of messages that were deleted later is older than what stands in the store. */
function entriesOf({ position, incarnation, entries }: LogRecord, shard: number): FollowedEntry[] {
  return entries.flatMap(({ event: bytes, header }, index) => {
    if (!header || bytes.length === 0) return [];
    const event = fromBinary(EventSchema, bytes);
    return [
      {
        shard,
        position: Number(position) + index,
        incarnation: Number(incarnation),
        conversationId: conversationId(event.conversationId),
        seq: Number(event.seq),
        kind: event.body.case,
        event,
        bytes,
        header,
      },
    ];
  });
}
