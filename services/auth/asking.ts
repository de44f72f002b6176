import type { Client } from "@connectrpc/connect";
import type { AuthenticateResponse, AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { gatherCalls } from "#platform/rpc/gathered-calls.ts";
import { callAs, type Identity } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { deviceId, sessionId, userId } from "#platform/runtime/ids.ts";
import { tokenOf } from "./authenticator.ts";
import { createOwnTokens } from "./own-tokens.ts";
import type { AccessSubject, VerifyToken } from "./token-verifier.ts";
import { createTurns } from "./turns.ts";

/** How long the process that holds the accounts may take to answer. */
const askMs = 5_000;
/** Most credentials that are asked about one by one at a time; others wait for their turn. */
const maxAskedAtOnce = 64;
/** Most that are asked about or wait, of those that are asked about one by one, and of sessions. */
const maxQuestions = 10_000;

/** Credentials, with a key for them. */
export interface Question {
  readonly key: string;
  readonly authorization: string;
  /** "": none is given. */
  readonly deviceId: string;
}

/** Whose they are, as it was known at that time or later. */
export interface Answer {
  readonly identity: Identity;
  readonly askedAt: number;
}

export type Ask = (question: Question) => Promise<Answer>;

export interface AskingOptions {
  readonly auth: Client<typeof AuthService>;
  /** Of the keys that tokens of this installation are signed with. */
  readonly verify: VerifyToken;
  readonly clock: Clock;
}

/**
 * Tells who makes a call in a process that holds no accounts. Tokens of this installation are verified here, and only
 * whether their sessions last is asked: of many at once in one call, so that all users of a process that died can come
 * to this one at the same time. Whatever else is given as credentials is asked about as it is.
 */
export function createAsking({ auth, verify, clock }: AskingOptions): Ask {
  const readOwn = createOwnTokens(verify, clock);
  const sessionTurns = createTurns({ atOnce: maxQuestions, most: maxQuestions });
  const turns = createTurns({ atOnce: maxAskedAtOnce, most: maxQuestions });
  const asAuth = () => callAs({ kind: "service", name: "auth" }, { timeoutMs: askMs });
  const check = gatherCalls(async (subjects: readonly AccessSubject[]) => {
    const askedAt = clock();
    const sessions = subjects.map(({ userId, sessionId }) => ({ userId, sessionId }));
    const { endedSessionIds } = await auth.checkSessions({ sessions }, asAuth());
    const ended = new Set(endedSessionIds);
    return subjects.map(({ sessionId }) => ({ isLive: !ended.has(sessionId), askedAt }));
  });
  const ask = async ({ authorization, deviceId }: Question): Promise<Answer> => {
    const askedAt = clock();
    return { identity: identityOf(await auth.authenticate({ authorization, deviceId }, asAuth())), askedAt };
  };
  return async (question) => {
    const own = await readOwn(question.key, tokenOf(question.authorization));
    if (!own) return await turns(() => ask(question));
    const { isLive, askedAt } = await sessionTurns(() => check(own));
    if (!isLive) throw platformErrors.SESSION_REVOKED();
    const { userId, deviceId, sessionId } = own;
    return { identity: { kind: "user", userId, deviceId, sessionId }, askedAt };
  };
}

function identityOf({ identity }: AuthenticateResponse): Identity {
  if (identity.case === "operator") return { kind: "operator" };
  if (identity.case !== "user") throw platformErrors.UNAUTHENTICATED();
  const { value } = identity;
  return {
    kind: "user",
    userId: userId(value.userId),
    deviceId: deviceId(value.deviceId),
    sessionId: sessionId(value.sessionId),
  };
}
