import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { createAcknowledged, type Lost } from "./acknowledged.ts";
import { type ChatService, ContentSchema } from "./contract.ts";
import { ClosedError, notSignedIn, OutboxFullError } from "./errors.ts";
import { entryFromText, entryToText, type OutboxEntry } from "./outbox-entry.ts";
import type { Sent } from "./outbox-fate.ts";
import { createLane, type Lane, type Pending, type Settled } from "./outbox-lane.ts";
import type { Storage } from "./storage.ts";
import { createTurns } from "./turns.ts";

/** Most messages that may wait at once. */
export const maxWaiting = 10_000;

/** A message that was handed over. */
export interface Posted {
  /** What the message is called until it has a `seq`; its `sent` frame carries it. */
  readonly clientId: string;
  /** Resolves when the message is in the outbox's storage: from then on it is sent even after a crash. */
  readonly stored: Promise<void>;
  /** Resolves when the server has it; rejects with RefusedError where it never will. */
  readonly sent: Promise<Sent>;
}

/** A message that the server refused for good. */
export interface Refused {
  readonly entry: OutboxEntry;
  readonly error: unknown;
}

/**
 * Messages that are not acknowledged yet. Each is kept in storage until it is, and sent again with the same client id
 * as long as its fate is unknown, so that it takes effect once. Messages of one conversation are sent in their order.
 *
 * What is acknowledged is kept for a day, at most 10,000 messages: where the server has lost it, as when its operator
 * restores a backup, `sync` hears of it and it is sent again, once more with the same client id.
 */
export interface Outbox {
  post(conversationId: string, content: MessageInitShape<typeof ContentSchema>): Posted;
  /** How many messages wait. */
  readonly waiting: number;
  /** Begins to send what an earlier run left behind. Posting does so too. */
  start(): void;
  /** Resolves once nothing waits, or sending is suspended because nobody is signed in. */
  flush(): Promise<void>;
  /** Sends again what was acknowledged and is lost, before what waits; undefined: all, since it is not known what is. */
  sendAgain(lost: Lost | undefined): Promise<void>;
  /** Forgets what was acknowledged. What waits stays. */
  forget(): Promise<void>;
  /** Tells of refusals, also of messages that an earlier run posted. Returns what ends it. */
  onRefused(listener: (refused: Refused) => void): () => void;
}

export interface OutboxOptions {
  readonly storage: Storage;
  readonly chat: Client<typeof ChatService>;
  readonly nextId: () => string;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Key of the largest client id that was handed out; ids go on above it. */
export const lastIdKey = "last-client-id";

/** Opens a user's outbox with what an earlier run left in it. */
export async function openOutbox(userId: string, options: OutboxOptions): Promise<Outbox> {
  const { storage, chat, nextId, signal, now } = options;
  const acknowledged = createAcknowledged(userId, storage, now);
  /** What is acknowledged is kept before it is asked for. */
  const inTurn = createTurns();
  const keyOf = (clientId: string) => `outbox/${userId}/${clientId}`;
  const lanes = new Map<string, Lane>();
  const listeners = new Set<(refused: Refused) => void>();

  const laneOf = (conversationId: string): Lane => {
    let lane = lanes.get(conversationId);
    if (!lane) {
      lane = createLane({ conversationId, chat, signal, settle, refuse });
      lanes.set(conversationId, lane);
    }
    return lane;
  };
  const stored = (entry: OutboxEntry) => ({ key: keyOf(entry.clientId), value: entryToText(entry) });
  const gone = ({ clientId }: OutboxEntry) => ({ key: keyOf(clientId), value: undefined });
  const settle = (settled: readonly Settled[]) =>
    inTurn(async () => {
      const sent = settled.flatMap(({ entry, fate }) => ("sent" in fate ? [{ entry, seq: fate.sent.seq }] : []));
      await storage.write([...settled.map(({ entry }) => gone(entry)), ...(await acknowledged.keep(sent))]);
    });
  const refuse = (entry: OutboxEntry, error: unknown) => {
    for (const listener of listeners) listener({ entry, error });
  };
  const waiting = () => [...lanes.values()].reduce((sum, lane) => sum + lane.length, 0);

  for (const [, text] of await storage.list(keyOf(""))) {
    const entry = entryFromText(text);
    if (entry) laneOf(entry.conversationId).add(pending(entry, Promise.resolve()));
  }

  return {
    get waiting() {
      return waiting();
    },
    post(conversationId, content) {
      if (signal.aborted) throw new ClosedError();
      if (waiting() >= maxWaiting) throw new OutboxFullError();
      const entry = { clientId: nextId(), conversationId, content: create(ContentSchema, content) };
      const storing = storage.write([stored(entry), { key: lastIdKey, value: entry.clientId }]);
      const posted = pending(entry, storing);
      const lane = laneOf(conversationId);
      lane.add(posted);
      void lane.start();
      return { clientId: entry.clientId, stored: storing, sent: posted.outcome.promise };
    },
    start() {
      for (const lane of lanes.values()) void lane.start();
    },
    async flush() {
      await Promise.all([...lanes.values()].map((lane) => lane.start()));
    },
    sendAgain: (lost) =>
      inTurn(async () => {
        const { entries, changes } = await acknowledged.take(lost);
        await storage.write([...entries.map(stored), ...changes]);
        for (const [conversationId, again] of Map.groupBy(entries, (entry) => entry.conversationId)) {
          const lane = laneOf(conversationId);
          lane.addFirst(again.map((entry) => pending(entry, Promise.resolve())));
          void lane.start();
        }
      }),
    forget: () => inTurn(async () => storage.write(await acknowledged.clear())),
    onRefused(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** An outbox for when nobody is signed in. */
export function signedOutOutbox(): Outbox {
  return {
    waiting: 0,
    post() {
      throw notSignedIn();
    },
    start() {},
    async flush() {},
    async sendAgain() {},
    async forget() {},
    onRefused: () => () => {},
  };
}

function pending(entry: OutboxEntry, stored: Promise<void>): Pending {
  const outcome = Promise.withResolvers<Sent>();
  outcome.promise.catch(() => {});
  return { entry, stored, outcome };
}
