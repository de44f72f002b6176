import { createBackoff, sleep } from "./backoff.ts";
import { isReason, isSignedOut, retryAfterMs } from "./errors.ts";
import type { Outbox } from "./outbox.ts";
import type { Services } from "./services.ts";
import type { SessionKeeper } from "./session.ts";
import type { Storage } from "./storage.ts";
import { createMemoryStorage } from "./storage-memory.ts";
import { openSyncCursor } from "./sync-cursor.ts";
import type { SyncEvent } from "./sync-events.ts";
import { readStream, type StreamEnd, type StreamOptions } from "./sync-stream.ts";

export interface SyncOptions {
  /** Which of the device's cursors to go on from; programs that share a storage each use their own. */
  readonly cursor?: string;
  /** False: start now, and keep the place only while this stream of events lasts. */
  readonly remember?: boolean;
  /** Up to 200 people whose presence is wanted. */
  readonly presenceUserIds?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface SyncDeps {
  readonly services: Pick<Services, "chat" | "delivery">;
  readonly session: Pick<SessionKeeper, "renew">;
  readonly storage: Storage;
  /** Where what the server has lost is sent again. */
  readonly outbox: Pick<Outbox, "sendAgain">;
  /** Aborts when the client is closed. */
  readonly signal: AbortSignal;
}

/** Reasons that no waiting mends. */
const fatal = ["WRONG_CREDENTIAL", "INVALID_ARGUMENT", "UNKNOWN_METHOD"] as const;

/**
 * Everything that concerns a user, from where the cursor stands, through every loss of the connection, until the signal
 * aborts or the session ends. The cursor advances once the reader asks for more: what it was given before a crash and
 * did not finish, it is given again.
 */
export async function* runSync(deps: SyncDeps, userId: string, options: SyncOptions): AsyncGenerator<SyncEvent> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([deps.signal, stopped.signal, ...(options.signal ? [options.signal] : [])]);
  const storage = options.remember === false ? createMemoryStorage() : deps.storage;
  const cursor = await openSyncCursor(storage, `sync/${userId}/${options.cursor ?? "main"}`);
  const backoff = createBackoff({ firstMs: 500 });
  const presenceUserIds = options.presenceUserIds ?? [];
  const { services, outbox } = deps;
  const stream = { services, outbox, cursor, presenceUserIds, signal, onLive: () => backoff.reset() };
  try {
    while (!signal.aborted) {
      yield { type: "state", state: "connecting" };
      const end = yield* readUntilBroken(deps, stream);
      if (signal.aborted) return;
      if (end.retryAfterMs === undefined) return yield { type: "state", state: "offline" };
      const retryInMs = Math.max(end.retryAfterMs, backoff.next());
      yield { type: "state", state: "offline", retryInMs, error: end.error };
      await sleep(retryInMs, signal);
    }
  } finally {
    stopped.abort();
    if (cursor.token !== "") await cursor.save().catch(() => {});
  }
}

async function* readUntilBroken(
  deps: SyncDeps,
  stream: StreamOptions,
): AsyncGenerator<SyncEvent, StreamEnd & { readonly error?: unknown }> {
  try {
    return yield* readStream(stream);
  } catch (error) {
    if (stream.signal.aborted) return {};
    if (isSignedOut(error) || isReason(error, "platform", ...fatal)) throw error;
    if (isReason(error, "platform", "TOKEN_EXPIRED")) await renew(deps.session);
    if (isReason(error, "chat", "INVALID_TOKEN")) stream.cursor.token = "";
    return { retryAfterMs: retryAfterMs(error) ?? 0, error };
  }
}

/** Where the new token can't be had now, the next try asks again. */
async function renew(session: SyncDeps["session"]): Promise<void> {
  await session.renew().catch((error) => {
    if (isSignedOut(error)) throw error;
  });
}
