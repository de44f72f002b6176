import { setImmediate as nextTurn } from "node:timers/promises";
import type { Client } from "@connectrpc/connect";
import type { Logger } from "pino";
import type { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { CloseReason } from "#gen/parley/chat/v1/delivery_pb.js";
import type { Bus } from "#platform/bus/bus.ts";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { Delivery } from "./delivery.ts";

/** How often it is asked which sessions have ended. */
export const sessionPollMs = 5_000;
/** Without an answer for this long, streams are closed: nobody knows whether their sessions still last. */
export const sessionGraceMs = 30_000;
/** Few, and a turn between the calls: looking sessions up must not hold events up. */
const sessionsPerCall = 50;

export interface SessionWatchDeps {
  readonly delivery: Delivery;
  readonly auth: Client<typeof AuthService>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Ends the streams of sessions that end: at once where the bus says so, and by asking, as the bus promises nothing. */
export function watchSessions({ delivery, auth, bus, clock, logger }: SessionWatchDeps): () => void {
  const ending = new AbortController();
  const end = (ended: ReadonlySet<string>) =>
    delivery.close(CloseReason.SESSION_ENDED, ({ identity }) => ended.has(identity.sessionId));
  const forget = bus.subscribe("sessions", (payload) => end(new Set([Buffer.from(payload).toString("utf8")])));

  let answeredAt = clock();
  let isAsking = false;
  const ask = async () => {
    const asGateway = callAs({ kind: "service", name: "gateway" }, { signal: ending.signal, timeoutMs: sessionPollMs });
    for (const sessions of batches(openSessions(delivery))) {
      const { endedSessionIds } = await auth.checkSessions({ sessions }, asGateway);
      end(new Set(endedSessionIds));
      await nextTurn();
    }
    answeredAt = clock();
  };
  const poll = async () => {
    if (isAsking) return;
    isAsking = true;
    await ask().catch((error: unknown) => {
      if (!ending.signal.aborted) logger.warn({ error }, "sessions can't be checked");
    });
    isAsking = false;
    if (clock() - answeredAt >= sessionGraceMs) delivery.close(CloseReason.UNAVAILABLE);
  };
  const timer = setInterval(() => void poll(), sessionPollMs).unref();
  return () => {
    clearInterval(timer);
    forget();
    ending.abort();
  };
}

function openSessions(delivery: Delivery): UserIdentity[] {
  const sessions = new Map([...delivery.streams].map(({ identity }) => [identity.sessionId, identity]));
  return [...sessions.values()];
}

function* batches(sessions: UserIdentity[]) {
  for (let start = 0; start < sessions.length; start += sessionsPerCall) {
    const batch = sessions.slice(start, start + sessionsPerCall);
    yield batch.map(({ userId, sessionId }) => ({ userId, sessionId }));
  }
}
