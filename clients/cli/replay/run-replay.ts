import { setTimeout as wait } from "node:timers/promises";
import { isReason, type SyncEvent } from "@parley/sdk";
import type { Cast } from "./cast.ts";
import { createLatencies, type Latencies } from "./latency.ts";
import type { ScheduledItem } from "./schedule.ts";

export interface ReplayOptions {
  readonly signal: AbortSignal;
  /** What the observer sees. */
  readonly onMessage: (nick: string, text: string, action: boolean) => void;
}

/** How a replay goes. */
export interface ReplayStats {
  sent: number;
  /** Sends that are not acknowledged yet. */
  underWay: number;
  failed: number;
  /** How late the latest action began, in milliseconds. */
  lateMs: number;
  readonly latencies: Latencies;
}

export interface Replay {
  readonly stats: Readonly<ReplayStats>;
  /** Resolves when everything was done and has arrived, or the signal aborted. */
  readonly done: Promise<void>;
}

/** How long the last arrivals may take. */
const arrivalMs = 10_000;

/** Does what is scheduled, each as its own client; the order of one nick's actions and joins before speaking hold. */
export function startReplay(cast: Cast, schedule: readonly ScheduledItem[], options: ReplayOptions): Replay {
  const stats: ReplayStats = { sent: 0, underWay: 0, failed: 0, lateMs: 0, latencies: createLatencies() };
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, options.signal]);
  const isLive = Promise.withResolvers<void>();
  const observing = observe(cast, stats, isLive.resolve, { ...options, signal });
  const done = Promise.race([isLive.promise, observing])
    .then(() => perform(cast, schedule, stats, options.signal))
    .then(() => arrived(stats, options.signal))
    .finally(async () => {
      ended.abort();
      await observing;
    });
  return { stats, done };
}

async function observe(
  cast: Cast,
  stats: ReplayStats,
  onLive: () => void,
  { signal, onMessage }: ReplayOptions,
): Promise<void> {
  for await (const event of cast.observer.sync({ signal })) show(event);

  function show(event: SyncEvent): void {
    if (event.type === "state" && event.state === "live") onLive();
    if (event.type !== "message" || event.conversationId !== cast.conversationId) return;
    stats.latencies.delivered(event.seq, performance.now());
    onMessage(cast.nameOf(event.authorId), event.content.text, event.content.action);
  }
}

async function perform(
  cast: Cast,
  schedule: readonly ScheduledItem[],
  stats: ReplayStats,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  const lasts = new Map<string, Promise<void>>();
  for (const scheduled of schedule) {
    const ahead = start + scheduled.atMs - performance.now();
    if (ahead > 1) await wait(ahead, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    stats.lateMs = Math.max(0, -ahead);
    const { nick } = scheduled.item;
    const act = () => actOut(cast, scheduled, stats).catch(() => void stats.failed++);
    lasts.set(nick, (lasts.get(nick) ?? Promise.resolve()).then(act));
  }
  await Promise.race([Promise.all(lasts.values()), aborted(signal)]);
}

async function actOut(cast: Cast, { item }: ScheduledItem, stats: ReplayStats): Promise<void> {
  const { conversationId, observer } = cast;
  const actor = cast.actor(item.nick);
  const userId = actor.session?.userId ?? "";
  switch (item.body.case) {
    case "joined":
      return await observer.conversations.addMembers(conversationId, [userId]);
    case "left":
      return await actor.conversations.removeMember(conversationId, userId).catch((error) => {
        if (!isReason(error, "chat", "NOT_A_MEMBER")) throw error;
      });
    case "posted": {
      const start = performance.now();
      stats.underWay++;
      const { text, action } = item.body;
      const { seq } = await actor.send(conversationId, { text, action }).finally(() => stats.underWay--);
      stats.sent++;
      stats.latencies.sent(seq, start);
      return;
    }
    case "renamed":
      return; // Each nick is a person of its own here.
  }
}

async function arrived(stats: ReplayStats, signal: AbortSignal): Promise<void> {
  const end = performance.now() + arrivalMs;
  while (stats.latencies.count < stats.sent && performance.now() < end && !signal.aborted) await wait(10);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
