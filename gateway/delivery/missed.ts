import type { FollowedEntry, Following } from "#platform/log/following.ts";
import { type ConversationId, shardOf } from "#platform/runtime/ids.ts";
import type { Audience, Listener } from "./audience.ts";
import { plainItem } from "./frames.ts";
import type { LogSurvey } from "./log-survey.ts";
import type { Interval, Membership } from "./membership.ts";
import { maxReplayedEvents, type ReplayLimit } from "./replay-limit.ts";
import type { SharedHistory } from "./shared-history.ts";
import type { ItemOf } from "./shared-items.ts";
import type { Stream } from "./stream.ts";
import type { Run, SurveyPage } from "./survey-page.ts";

export interface MissedDeps {
  readonly following: Following;
  readonly survey: LogSurvey;
  readonly history: SharedHistory;
  readonly itemOf: ItemOf;
  readonly audience: Audience;
  readonly listener: Listener;
  readonly limit: ReplayLimit;
  readonly signal: AbortSignal;
}

/** Most positions that are looked through in the log for one stream and shard. */
export const maxSurveyedPositions = 100_000;

/**
 * Tells a stream what lies below the ring. The log says which numbers were missed; the events are read from the store,
 * up to 200 of a conversation. Both are read once for all streams that come back from about the same place. Where the
 * log is too long or trimmed, each conversation of the shard is announced by one `limited` or `left`, whether or not the
 * client has all of it: it fetches what it lacks.
 */
export function tellFromStore(deps: MissedDeps): (stream: Stream, shard: number) => AsyncGenerator<void> {
  return async function* (stream, shard) {
    const from = stream.told[shard] ?? 0;
    const to = deps.following.ringStart(shard) - 1;
    const pages = to - from <= maxSurveyedPositions ? await pagesOf(deps.survey, shard, from, to) : undefined;
    if (pages) {
      learnChanges(pages, from, to, deps);
      yield* tellRuns(stream, runsOf(pages, shard, from, to, deps), deps);
    } else yield* tellWhole(stream, shard, deps);
    stream.toldUpTo(shard, to);
  };
}

async function pagesOf(survey: LogSurvey, shard: number, from: number, to: number) {
  const pages: SurveyPage[] = [];
  for (let next = from + 1; next <= to; ) {
    const page = await survey.pageAt(shard, next);
    if (!page) return undefined;
    pages.push(page);
    next = page.last + 1;
  }
  return pages;
}

function learnChanges(pages: readonly SurveyPage[], from: number, to: number, { audience, listener }: MissedDeps) {
  for (const change of pages.flatMap((page) => page.changesOf(listener.userId))) {
    if (change.position > from && change.position <= to) audience.learn(listener, change.conversationId, change);
  }
}

/** What was missed of each conversation of the user. */
function runsOf(pages: readonly SurveyPage[], shard: number, from: number, to: number, { listener }: MissedDeps) {
  const runs: (Run & { readonly id: ConversationId; readonly membership: Membership })[] = [];
  for (const [id, membership] of listener.memberships) {
    if (shardOf(id) !== shard) continue;
    const parts = pages.map((page) => page.run(id, from, to)).filter((run) => run !== undefined);
    const [first, last] = [parts[0], parts.at(-1)];
    if (first && last) runs.push({ id, membership, from: first.from, to: last.to });
  }
  return runs;
}

async function* tellRuns(stream: Stream, runs: ReturnType<typeof runsOf>, deps: MissedDeps): AsyncGenerator<void> {
  for (const { id, membership, ...run } of runs) {
    for (const interval of membership.intervals) {
      const part = { from: Math.max(run.from, interval.from), to: Math.min(run.to, interval.to) };
      if (part.from > part.to) continue;
      const few = part.to - part.from < maxReplayedEvents;
      const events = few ? await fetchEvents(id, part, deps) : undefined;
      if (events) yield* tellEvents(stream, events, id, membership, deps);
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
    const end = inRing ? inRing.seq - 1 : membership.lasts ? await deps.history.head(id) : interval.to;
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
  entries: readonly FollowedEntry[],
  id: ConversationId,
  membership: Membership,
  { itemOf }: MissedDeps,
): AsyncGenerator<void> {
  for (const entry of entries) {
    stream.narrator.tell(entry, itemOf(entry), membership);
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
async function fetchEvents(id: ConversationId, part: Run, { history, signal }: MissedDeps) {
  try {
    return await history.events(id, part);
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}
