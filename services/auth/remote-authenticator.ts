import { hash } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { Bus } from "#platform/bus/bus.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { Identity } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { type SessionId, sessionId } from "#platform/runtime/ids.ts";
import type { Asking } from "./asking.ts";
import {
  type ClosableAuthenticator,
  maxCachedTokens,
  maxEndedSessions,
  maxTokenLength,
  patienceMs,
  sessionCheckMs,
  sessionGraceMs,
} from "./authenticator.ts";
import { inTime } from "./in-time.ts";
import type { Answer, Question } from "./question.ts";
import { shareCalls } from "./shared-calls.ts";

const maxHeaderLength = "Bearer ".length + maxTokenLength;

export interface RemoteAuthenticatorOptions {
  readonly asking: Asking;
  readonly bus: Bus;
  readonly clock: Clock;
}

interface Known extends Answer {
  /** When it was last asked in vain, or without an answer in time. */
  failedAt: number;
}

/** How it shows that nobody could be asked, or could tell. */
const unanswered: ReadonlySet<Code> = new Set([Code.Unavailable, Code.DeadlineExceeded]);
const isUnanswered = (failure: unknown) => unanswered.has(ConnectError.from(failure).code);

/**
 * Asks the process that holds the accounts who somebody is, and believes the answer as long as that one believes that a
 * session lasts, and for a while longer where there is no answer, or none in time; never beyond a token's own time. A
 * session that the bus says has ended is refused at once. Calls that come at the same time, as those of all streams of a
 * device that reconnects, share one question.
 */
export function createRemoteAuthenticator({ asking, bus, clock }: RemoteAuthenticatorOptions): ClosableAuthenticator {
  const cache = new LRUCache<string, Known>({ max: maxCachedTokens });
  const share = shareCalls<Identity>();
  const ended = new LRUCache<SessionId, true>({ max: maxEndedSessions });
  const close = bus.subscribe("sessions", (payload) => {
    ended.set(sessionId(Buffer.from(payload).toString()), true);
  });
  const ask = async (question: Question): Promise<Identity> => {
    try {
      const answer = await asking.ask(question);
      cache.set(question.key, { ...answer, failedAt: Number.NEGATIVE_INFINITY });
      return answer.identity;
    } catch (failure) {
      // Nobody may wait for this any more, and what it says holds all the same.
      if (!isUnanswered(failure)) cache.delete(question.key);
      throw failure;
    }
  };
  const believe = (known: Known): Identity => {
    known.failedAt = clock();
    return known.identity;
  };
  const graceOf = (known: Known | undefined) => (known ? known.askedAt + sessionGraceMs - clock() : 0);
  /** What is answered; without an answer who it was, as long as that may be believed. */
  const identify = async (question: Question, known: Known | undefined): Promise<Identity> => {
    const asked = share(question.key, () => ask(question)).catch((failure) => {
      if (known && isUnanswered(failure) && graceOf(known) > 0) return believe(known);
      throw failure;
    });
    const grace = graceOf(known);
    if (!known || grace <= 0) return await asked;
    return await inTime(asked, Math.min(patienceMs, grace), () => believe(known));
  };
  const isFresh = ({ askedAt, failedAt }: Known, mostAgeMs: number) => {
    const [age, sinceFailure] = [clock() - askedAt, clock() - failedAt];
    return age < Math.min(mostAgeMs, sessionCheckMs) || (age < sessionGraceMs && sinceFailure < sessionCheckMs);
  };
  return {
    async authenticate({ authorization, deviceId = "" }, mostAgeMs = sessionCheckMs) {
      if (authorization === undefined) return { kind: "anonymous" };
      if (authorization.length > maxHeaderLength || deviceId.length > maxHeaderLength)
        throw platformErrors.UNAUTHENTICATED();
      const key = hash("sha256", `${deviceId} ${authorization}`, "base64url");
      const known = cache.get(key);
      if (known && known.expiresAt <= clock()) throw platformErrors.TOKEN_EXPIRED();
      const isKnown = known && isFresh(known, mostAgeMs);
      const identity = isKnown ? known.identity : await identify({ key, authorization, deviceId }, known);
      if (identity.kind === "user" && ended.has(identity.sessionId)) throw platformErrors.SESSION_REVOKED();
      return identity;
    },
    jwks: asking.jwks,
    close,
  };
}
