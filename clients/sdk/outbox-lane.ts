import type { Client } from "@connectrpc/connect";
import { createBackoff, sleep } from "./backoff.ts";
import type { ChatService } from "./contract.ts";
import { ClosedError, isSignedOut, retryAfterMs } from "./errors.ts";
import { batchLength, itemOf, maxBatchEntries, type OutboxEntry } from "./outbox-entry.ts";
import { type Fate, fateOf, fateOfFailed, type Sent } from "./outbox-fate.ts";

export interface Pending {
  readonly entry: OutboxEntry;
  readonly stored: Promise<void>;
  readonly outcome: PromiseWithResolvers<Sent>;
}

/** A message whose fate is known. */
export interface Settled {
  readonly entry: OutboxEntry;
  readonly fate: Fate;
}

/** The messages of one conversation: sent in order, the next call only after the answer to the one before. */
export interface Lane {
  readonly length: number;
  add(pending: Pending): void;
  /** Puts messages before those that wait. */
  addFirst(pending: readonly Pending[]): void;
  /** Sends until the lane is empty, the client is closed or nobody is signed in. */
  start(): Promise<void>;
}

export interface LaneOptions {
  readonly conversationId: string;
  readonly chat: Client<typeof ChatService>;
  readonly signal: AbortSignal;
  /** Takes messages out of the outbox's storage. */
  settle(settled: readonly Settled[]): Promise<void>;
  refuse(entry: OutboxEntry, error: unknown): void;
}

export function createLane(options: LaneOptions): Lane {
  const { conversationId, chat, signal } = options;
  const backoff = createBackoff();
  let waiting: Pending[] = [];
  let running: Promise<void> | undefined;
  /** After a call was refused whole: how many messages go alone, to find the one that caused it. */
  let suspects = 0;

  async function run(): Promise<void> {
    while (waiting.length > 0 && !signal.aborted) {
      const entries = waiting.map((pending) => pending.entry);
      const batch = waiting.slice(0, batchLength(entries, suspects > 0 ? 1 : maxBatchEntries));
      const wait = await send(batch)
        .catch((error) => fail(batch, error))
        .catch(() => backoff.next());
      if (wait > 0) await sleep(wait, signal);
      else backoff.reset();
    }
    if (signal.aborted) abandon(new ClosedError());
  }

  /** Returns how long to wait before the next call. */
  async function send(offered: Pending[]): Promise<number> {
    await Promise.allSettled(offered.map((pending) => pending.stored));
    const batch = offered.filter((pending) => waiting.includes(pending));
    if (batch.length === 0) return 0;
    const items = batch.map((pending) => itemOf(pending.entry));
    const { results } = await chat.sendMessages({ conversationId, items }, { signal });
    const settled = batch.flatMap((pending, index) => {
      const fate = fateOf(pending.entry, results[index]);
      return fate ? [{ pending, fate }] : [];
    });
    await settle(settled);
    return settled.length === batch.length ? 0 : backoff.next();
  }

  async function fail(batch: Pending[], error: unknown): Promise<number> {
    if (signal.aborted) return 0;
    if (isSignedOut(error)) {
      abandon(error);
      return 0;
    }
    const fate = fateOfFailed(error);
    if (!fate) return backoff.next(retryAfterMs(error));
    const [only, ...others] = batch;
    if (!only || others.length > 0) {
      suspects = batch.length;
      return 0;
    }
    await settle([{ pending: only, fate }]);
    return 0;
  }

  /** Takes messages out of storage and lane, then tells their fate. */
  async function settle(settled: readonly { readonly pending: Pending; readonly fate: Fate }[]): Promise<void> {
    await options.settle(settled.map(({ pending, fate }) => ({ entry: pending.entry, fate })));
    const gone = new Set(settled.map(({ pending }) => pending));
    waiting = waiting.filter((pending) => !gone.has(pending));
    suspects = Math.max(0, suspects - settled.length);
    for (const { pending, fate } of settled) {
      if ("sent" in fate) pending.outcome.resolve(fate.sent);
      else {
        pending.outcome.reject(fate.refused);
        options.refuse(pending.entry, fate.refused);
      }
    }
  }

  /** Never sends what storage did not take: after a crash its client id would be lost. */
  function drop(pending: Pending, error: unknown): void {
    waiting = waiting.filter((other) => other !== pending);
    pending.outcome.reject(error);
  }

  /** What waits stays in storage, for the next run. */
  function abandon(error: unknown): void {
    for (const pending of waiting.splice(0)) pending.outcome.reject(error);
  }

  return {
    get length() {
      return waiting.length;
    },
    add(pending) {
      waiting.push(pending);
      pending.stored.catch((error) => drop(pending, error));
    },
    addFirst(pending) {
      waiting = [...pending, ...waiting];
    },
    async start() {
      // What is added while a run ends, after its last look at the lane, is for the next run.
      while (waiting.length > 0) {
        running ??= run().finally(() => {
          running = undefined;
        });
        await running;
      }
    },
  };
}
