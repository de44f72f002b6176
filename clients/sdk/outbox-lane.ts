import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { createBackoff, sleep } from "./backoff.ts";
import type { ChatService, SendMessageResponse, SendMessagesResponse_Result as SendResult } from "./contract.ts";
import { ClosedError, chatReason, isFinal, isSignedOut, RefusedError, reasonOf, retryAfterMs } from "./errors.ts";
import { batchLength, itemOf, maxBatchEntries, type OutboxEntry } from "./outbox-entry.ts";

/** An acknowledged message. */
export interface Sent {
  readonly clientId: string;
  readonly conversationId: string;
  readonly seq: bigint;
  readonly messageCount: bigint;
  readonly time: Date;
}

export interface Pending {
  readonly entry: OutboxEntry;
  readonly stored: Promise<void>;
  readonly outcome: PromiseWithResolvers<Sent>;
}

/** The messages of one conversation: sent in order, the next call only after the answer to the one before. */
export interface Lane {
  readonly length: number;
  add(pending: Pending): void;
  /** Sends until the lane is empty, the client is closed or nobody is signed in. */
  start(): Promise<void>;
}

export interface LaneOptions {
  readonly conversationId: string;
  readonly chat: Client<typeof ChatService>;
  readonly signal: AbortSignal;
  remove(clientIds: string[]): Promise<void>;
  refuse(entry: OutboxEntry, error: unknown): void;
}

export function createLane(options: LaneOptions): Lane {
  const { conversationId, chat, signal, remove } = options;
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
    const settled = batch.filter((_, index) => isSettled(results[index]));
    await settle(settled);
    batch.forEach((pending, index) => {
      const result = results[index]?.outcome;
      if (result?.case === "sent") pending.outcome.resolve(sentOf(pending.entry, result.value));
      if (result?.case === "refused" && !result.value.retryable) {
        reject(pending, new RefusedError(result.value.message, chatReason(result.value.reason)));
      }
    });
    return settled.length === batch.length ? 0 : backoff.next();
  }

  async function fail(batch: Pending[], error: unknown): Promise<number> {
    if (signal.aborted) return 0;
    if (isSignedOut(error)) {
      abandon(error);
      return 0;
    }
    if (!isFinal(error)) return backoff.next(retryAfterMs(error));
    const [only, ...others] = batch;
    if (!only || others.length > 0) {
      suspects = batch.length;
      return 0;
    }
    await settle([only]);
    reject(only, new RefusedError(error instanceof Error ? error.message : "refused", reasonOf(error)));
    return 0;
  }

  /** Takes messages whose fate is known out of storage and lane. */
  async function settle(settled: Pending[]): Promise<void> {
    await remove(settled.map((pending) => pending.entry.clientId));
    const gone = new Set(settled);
    waiting = waiting.filter((pending) => !gone.has(pending));
    suspects = Math.max(0, suspects - settled.length);
  }

  function reject(pending: Pending, error: RefusedError): void {
    pending.outcome.reject(error);
    options.refuse(pending.entry, error);
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

function isSettled(result: SendResult | undefined): boolean {
  return result?.outcome.case === "sent" || (result?.outcome.case === "refused" && !result.outcome.value.retryable);
}

function sentOf({ clientId, conversationId }: OutboxEntry, { seq, messageCount, time }: SendMessageResponse): Sent {
  return { clientId, conversationId, seq, messageCount, time: time ? timestampDate(time) : new Date(0) };
}
