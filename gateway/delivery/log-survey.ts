import { fromBinary } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import type { Record as LogRecord } from "#gen/parley/log/v1/record_pb.js";
import { type EventLog, lastPosition } from "#platform/log/event-log.ts";
import { type ConversationId, conversationId } from "#platform/runtime/ids.ts";

/** Numbers of one conversation, ends included. */
export interface Run {
  from: number;
  to: number;
}

/**
 * Which numbers of which conversations stand at the positions above `from` up to `to`. Content is not taken from here:
 * the log still holds what was deleted. Undefined where the log no longer has all of it.
 */
export async function surveyLog(
  log: EventLog,
  shard: number,
  from: number,
  to: number,
  onEvent: (id: ConversationId, event: Event) => void,
): Promise<Map<ConversationId, Run> | undefined> {
  const runs = new Map<ConversationId, Run>();
  let next = from + 1;
  while (next <= to) {
    const records = await log.read(shard, next);
    const [first] = records;
    if (!first || Number(first.position) > next) return undefined;
    for (const record of records) {
      for (const event of eventsWithin(record, next, to)) {
        const id = conversationId(event.conversationId);
        onEvent(id, event);
        const seq = Number(event.seq);
        const run = runs.get(id);
        if (run) run.to = seq;
        else runs.set(id, { from: seq, to: seq });
      }
      next = Math.max(next, lastPosition(record) + 1);
    }
  }
  return runs;
}

function eventsWithin({ position, entries }: LogRecord, from: number, to: number): Event[] {
  return entries
    .filter((entry, index) => {
      const at = Number(position) + index;
      return entry.event.length > 0 && at >= from && at <= to;
    })
    .map((entry) => fromBinary(EventSchema, entry.event));
}
