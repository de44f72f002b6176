import { hash } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { Bus } from "#platform/bus/bus.ts";
import type { Authenticator } from "#platform/rpc/authenticator.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { Identity } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { type SessionId, sessionId } from "#platform/runtime/ids.ts";
import type { Answer, Ask, Question } from "./asking.ts";
import {
  type ClosableAuthenticator,
  maxCachedTokens,
  maxEndedSessions,
  maxTokenLength,
  sessionCheckMs,
  sessionGraceMs,
} from "./authenticator.ts";
import { shareCalls } from "./shared-calls.ts";

const maxHeaderLength = "Bearer ".length + maxTokenLength;

export interface RemoteAuthenticatorOptions {
  readonly ask: Ask;
  readonly jwks: Authenticator["jwks"];
  readonly bus: Bus;
  readonly clock: Clock;
}

interface Known extends Answer {
  /** When it was last asked in vain. */
  failedAt: number;
}

/** How it shows that nobody could be asked, or could tell. */
const unanswered: ReadonlySet<Code> = new Set([Code.Unavailable, Code.DeadlineExceeded]);

/**
 * Asks the process that holds the accounts who somebody is, and believes the answer as long as that one believes that a
 * session lasts, and for a while longer where it can't be asked. A session that the bus says has ended is refused at once. Calls that come at the same time, as those
 * of all streams of a device that reconnects, share one question.
 */
export function createRemoteAuthenticator(options: RemoteAuthenticatorOptions): ClosableAuthenticator {
  const { jwks, bus, clock } = options;
  const cache = new LRUCache<string, Known>({ max: maxCachedTokens });
  const share = shareCalls<Identity>();
  const ended = new LRUCache<SessionId, true>({ max: maxEndedSessions });
  const close = bus.subscribe("sessions", (payload) => {
    ended.set(sessionId(Buffer.from(payload).toString()), true);
  });
  const ask = async (question: Question): Promise<Identity> => {
    const answer = await options.ask(question);
    cache.set(question.key, { ...answer, failedAt: Number.NEGATIVE_INFINITY });
    return answer.identity;
  };
  /** Who it was, as long as that may be believed without an answer; else the failure. */
  const believe = (known: Known | undefined, failure: unknown): Identity => {
    const isUnanswered = unanswered.has(ConnectError.from(failure).code);
    if (!known || !isUnanswered || clock() - known.askedAt >= sessionGraceMs) throw failure;
    known.failedAt = clock();
    return known.identity;
  };
  const isFresh = ({ askedAt, failedAt }: Known) => {
    const [age, sinceFailure] = [clock() - askedAt, clock() - failedAt];
    return age < sessionCheckMs || (age < sessionGraceMs && sinceFailure < sessionCheckMs);
  };
  return {
    async authenticate({ authorization, deviceId = "" }) {
      if (authorization === undefined) return { kind: "anonymous" };
      if (authorization.length > maxHeaderLength || deviceId.length > maxHeaderLength)
        throw platformErrors.UNAUTHENTICATED();
      const key = hash("sha256", `${deviceId} ${authorization}`, "base64url");
      const known = cache.get(key);
      const asked = () => share(key, () => ask({ key, authorization, deviceId }));
      const identity = known && isFresh(known) ? known.identity : await asked().catch((error) => believe(known, error));
      if (identity.kind === "user" && ended.has(identity.sessionId)) throw platformErrors.SESSION_REVOKED();
      return identity;
    },
    jwks,
    close,
  };
}
