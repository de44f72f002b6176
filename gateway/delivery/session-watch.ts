import { setImmediate as nextTurn } from "node:timers/promises";
import type { Client } from "@connectrpc/connect";
import type { Logger } from "pino";
import type { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { CloseReason } from "#gen/parley/chat/v1/delivery_pb.js";
import type { Bus } from "#platform/bus/bus.ts";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { Delivery } from "./delivery.ts";

/**
 * How often it is asked which sessions have ended: with the age of what was known at a stream's opening (`streamAgeMs`),
 * a tick and the time that asking takes, it is known within 5 s.
 */
export const sessionPollMs = 3_500;
/** Without an answer for this long, streams are closed: nobody knows whether their sessions still last. */
export const sessionGraceMs = 30_000;
/** Between two looks at the clock. */
const tickMs = 500;
/** Few, and a turn between the calls: looking sessions up must not hold events up. */
const sessionsPerCall = 50;
/** Calls under way at once: one after the other would take too long where the answers come from afar. */
const callsAtOnce = 4;

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
  let round = batches(openSessions(delivery));
  /** Asked again first: what an answer lacks does not send the round back to its beginning. */
  const unanswered: Batch[] = [];
  const doubts = createDoubts(clock);
  const check = async (sessions: Batch) => {
    const asGateway = callAs({ kind: "service", name: "gateway" }, { signal: ending.signal, timeoutMs: sessionPollMs });
    const { endedSessionIds, unknownSessionIds } = await auth.checkSessions({ sessions }, asGateway);
    answeredAt = clock();
    const doubtful = doubts.tell(sessions, new Set(unknownSessionIds));
    if (doubtful.size > 0) delivery.close(CloseReason.UNAVAILABLE, ({ identity }) => doubtful.has(identity.sessionId));
    // Looking at every stream is for when there is something to find.
    if (endedSessionIds.length > 0) end(new Set(endedSessionIds));
    await nextTurn();
  };
  const checkSome = async () => {
    for (let batch = unanswered.pop() ?? round.next().value; batch; batch = unanswered.pop() ?? round.next().value) {
      try {
        await check(batch);
      } catch (error) {
        unanswered.push(batch);
        throw error;
      }
    }
  };
  const ask = async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: callsAtOnce }, checkSome));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) {
      if (!ending.signal.aborted) logger.warn({ error: failed.reason }, "sessions can't be checked");
      return;
    }
    round = batches(openSessions(delivery));
    doubts.turn();
    answeredAt = clock();
  };
  let askedAt = clock();
  let asking: Promise<void> | undefined;
  const tick = () => {
    if (clock() - answeredAt >= sessionGraceMs) delivery.close(CloseReason.UNAVAILABLE);
    if (asking || clock() - askedAt < sessionPollMs) return;
    askedAt = clock();
    asking = ask().finally(() => {
      asking = undefined;
    });
  };
  const timer = setInterval(tick, tickMs).unref();
  return () => {
    clearInterval(timer);
    forget();
    ending.abort();
  };
}

/** Each session once, looked up as it is asked for: there may be as many as streams. */
function* openSessions({ streams }: Delivery): Generator<UserIdentity> {
  const seen = new Set<string>();
  for (const { identity } of streams) {
    if (seen.has(identity.sessionId)) continue;
    seen.add(identity.sessionId);
    yield identity;
  }
}

type Batch = Pick<UserIdentity, "userId" | "sessionId">[];

function* batches(sessions: Iterable<UserIdentity>): Generator<Batch, undefined> {
  let batch: Batch = [];
  for (const { userId, sessionId } of sessions) {
    batch.push({ userId, sessionId });
    if (batch.length < sessionsPerCall) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
  return undefined;
}

/** Since when nobody could tell of single sessions, while the others were told. */
function createDoubts(clock: Clock) {
  let [before, now] = [new Map<string, number>(), new Map<string, number>()];
  return {
    /** Takes down which of the asked ones were unknown, and returns those that have been for too long. */
    tell(asked: Batch, unknown: ReadonlySet<string>): ReadonlySet<string> {
      for (const { sessionId } of asked) {
        if (unknown.has(sessionId)) now.set(sessionId, now.get(sessionId) ?? before.get(sessionId) ?? clock());
        else now.delete(sessionId);
      }
      return new Set([...unknown].filter((id) => clock() - (now.get(id) ?? clock()) >= sessionGraceMs));
    },
    /** Begins another round: what was not unknown in the last one is forgotten. */
    turn() {
      [before, now] = [now, new Map()];
    },
  };
}
