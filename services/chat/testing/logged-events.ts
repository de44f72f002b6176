import { fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { expect } from "vitest";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import type { EventLog } from "#platform/log/event-log.ts";
import { ServiceError } from "#platform/runtime/errors.ts";
import type { ConversationId } from "#platform/runtime/ids.ts";

/** All events of shard 0 that are about one conversation, as the log holds them. */
export async function eventsOf({ log }: { readonly log: EventLog }, id: ConversationId): Promise<Event[]> {
  const events: Event[] = [];
  for (let next = 1; ; ) {
    const records = await log.read(0, next);
    if (records.length === 0) return events.filter((event) => event.conversationId === id);
    for (const record of records) {
      next = Number(record.position) + record.entries.length;
      const kept = record.entries.filter((entry) => entry.event.length > 0);
      events.push(...kept.map((entry) => fromBinary(EventSchema, entry.event)));
    }
  }
}

/** The numbers of a conversation hold together: `seq` without gaps, messages counted, time never falling. */
export async function expectWhole(files: { readonly log: EventLog }, id: ConversationId): Promise<Event[]> {
  const events = await eventsOf(files, id);
  let messages = 0n;
  for (const [index, event] of events.entries()) {
    if (event.body.case === "messagePosted") messages++;
    expect([event.seq, event.messageCount]).toEqual([BigInt(index + 1), messages]);
    expect(timeOf(event)).toBeGreaterThanOrEqual(timeOf(events[index - 1] ?? event));
  }
  return events;
}

export function timeOf(event: Event): number {
  return event.time ? timestampMs(event.time) : Number.NaN;
}

/** The texts that were posted, in order. */
export function textsOf(events: readonly Event[]): (string | undefined)[] {
  return events.flatMap(({ body }) => (body.case === "messagePosted" ? [body.value.content?.text] : []));
}

/** The reason of a refusal, or "done". */
export async function reasonOf(outcome: Promise<unknown> | undefined): Promise<number | string> {
  try {
    await outcome;
    return "done";
  } catch (error) {
    if (error instanceof ServiceError) return error.reason;
    throw error;
  }
}
