import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { type Event, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { HeaderSchema } from "#gen/parley/log/v1/record_pb.js";
import type { EventLog } from "#platform/log/event-log.ts";
import type { Following } from "#platform/log/following.ts";
import { encodeEvent } from "#platform/log/tombstones.ts";
import { callAs } from "#platform/rpc/identity.ts";
import { type ConversationId, shardOf } from "#platform/runtime/ids.ts";
import type { Audience, Listener } from "./audience.ts";
import { eventItem, plainItem } from "./frames.ts";
import { type Run, surveyLog } from "./log-survey.ts";
import { type Interval, type Membership, usersAdded, usersRemoved } from "./membership.ts";
import { maxReplayedEvents, type ReplayLimit } from "./replay-limit.ts";
import type { Stream } from "./stream.ts";

export interface MissedDeps {
  readonly following: Following;
  readonly log: EventLog;
  readonly chat: Client<typeof ChatService>;
  readonly audience: Audience;
  readonly listener: Listener;
  readonly limit: ReplayLimit;
  readonly signal: AbortSignal;
}

/** Most positions that are looked through in the log for one stream and shard. */
export const maxSurveyedPositions = 100_000;

/**
 * Tells a stream what lies below the ring. The log says which numbers were missed; the events are read from the store
 * on behalf of the user, up to 200 of a conversation. Where the log is too long or trimmed, each conversation of the
 * shard is announced by one `limited` or `left`, whether or not the client has all of it: it fetches what it lacks.
 */
export function tellFromStore(deps: MissedDeps): (stream: Stream, shard: number) => AsyncGenerator<void> {
  return async function* (stream, shard) {
    const from = stream.told[shard] ?? 0;
    const to = deps.following.ringStart(shard) - 1;
    const runs = to - from <= maxSurveyedPositions ? await survey(deps, shard, from, to) : undefined;
    if (runs) yield* tellRuns(stream, runs, deps);
    else yield* tellWhole(stream, shard, deps);
    stream.toldUpTo(shard, to);
  };
}

function survey({ log, audience, listener }: MissedDeps, shard: number, from: number, to: number) {
  return surveyLog(log, shard, from, to, (id, event) => {
    const seq = Number(event.seq);
    if (usersAdded(event).includes(listener.userId)) audience.learn(listener, id, { seq, added: true });
    if (usersRemoved(event).includes(listener.userId)) audience.learn(listener, id, { seq, added: false });
  });
}

async function* tellRuns(stream: Stream, runs: Map<ConversationId, Run>, deps: MissedDeps): AsyncGenerator<void> {
  for (const [id, run] of runs) {
    const membership = deps.listener.memberships.get(id);
    for (const interval of membership?.intervals ?? []) {
      const part = { from: Math.max(run.from, interval.from), to: Math.min(run.to, interval.to) };
      if (!membership || part.from > part.to) continue;
      const few = part.to - part.from < maxReplayedEvents;
      const events = few ? await fetchEvents(id, part, stream, deps) : undefined;
      if (events) yield* tellEvents(stream, events, id, membership);
      else yield* tellLimited(stream, id, part, interval);
      deps.limit.settled(id, part.to, events?.length ?? 0);
    }
  }
}

async function* tellWhole(stream: Stream, shard: number, deps: MissedDeps): AsyncGenerator<void> {
  for (const [id, membership] of deps.listener.memberships) {
    const interval = membership.intervals.at(-1);
    if (shardOf(id) !== shard || !interval) continue;
    const [inRing] = deps.following.ofConversation(id, 0);
    const end = inRing ? inRing.seq - 1 : membership.lasts ? await headOf(id, stream, deps) : interval.to;
    const part = { from: Math.max(1, interval.from), to: Math.min(end, interval.to) };
    if (part.from > part.to) continue;
    // Whoever left long ago is not made to fetch what they had: `left` alone says how far the numbers go.
    if (part.to === interval.to) tellLeft(stream, id, part.to);
    else stream.narrator.limit({ conversationId: id, ...part }, { shard, position: 0 });
    yield;
    deps.limit.settled(id, part.to, 0);
  }
}

async function* tellEvents(
  stream: Stream,
  events: readonly Event[],
  id: ConversationId,
  membership: Membership,
): AsyncGenerator<void> {
  const place = { shard: shardOf(id), position: 0, incarnation: 0, conversationId: id };
  const header = create(HeaderSchema);
  for (const event of events) {
    const entry = { ...place, seq: Number(event.seq), event, bytes: encodeEvent(event), header };
    stream.narrator.tell(entry, eventItem(entry), membership);
    if (stream.hasEnough) yield;
  }
  stream.narrator.flushOf(id);
  if (stream.hasEnough) yield;
}

async function* tellLimited(
  stream: Stream,
  conversationId: ConversationId,
  part: Run,
  interval: Interval,
): AsyncGenerator<void> {
  if (part.from === interval.from) {
    const value = { conversationId, baseSeq: BigInt(part.from - 1) };
    stream.push(plainItem({ case: "joined", value }));
  }
  stream.narrator.limit({ conversationId, ...part }, { shard: 0, position: 0 });
  if (part.to === interval.to) tellLeft(stream, conversationId, part.to);
  yield;
}

function tellLeft(stream: Stream, conversationId: ConversationId, toSeq: number): void {
  stream.push(plainItem({ case: "left", value: { conversationId, toSeq: BigInt(toSeq) } }));
}

/** All events of the part, or undefined where they can't be had: then the client fetches them when it can. */
async function fetchEvents(
  conversationId: ConversationId,
  { from, to }: Run,
  { identity }: Stream,
  { chat, signal }: MissedDeps,
): Promise<Event[] | undefined> {
  const events: Event[] = [];
  try {
    for (let next = BigInt(from); next > 0n && next <= to; ) {
      const request = { conversationId, fromSeq: next, toSeq: BigInt(to) };
      const page = await chat.listEvents(request, callAs(identity, { signal }));
      events.push(...page.events.map((event) => create(EventSchema, event)));
      next = page.nextSeq;
    }
    return events;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

async function headOf(conversationId: ConversationId, { identity }: Stream, { chat, signal }: MissedDeps) {
  const { conversation } = await chat.getConversation({ conversationId }, callAs(identity, { signal }));
  return Number(conversation?.headSeq ?? 0);
}
