import type { Client } from "@connectrpc/connect";
import { decodeJwt } from "jose";
import type { AuthenticateResponse, AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callAs, type Identity } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { deviceId, sessionId, userId } from "#platform/runtime/ids.ts";
import { keepReading, readAcceptedTokens } from "./accepted-tokens.ts";
import { tokenOf } from "./authenticator.ts";
import { inTime } from "./in-time.ts";
import { createOwnTokens } from "./own-tokens.ts";
import { type Answer, askMs, maxQuestions, type Question, questionMs } from "./question.ts";
import { createSessionCheck } from "./session-check.ts";
import { type AcceptedTokens, kindOf } from "./token-kind.ts";
import { createTokenVerifier } from "./token-verifier.ts";
import { acceptedUntil } from "./trusted-issuer.ts";
import { createTurns } from "./turns.ts";

/** Most credentials of a kind that are asked about one by one at a time; others wait for their turn. */
const maxAskedAtOnce = 64;

export interface Asking {
  /** Answers or fails within `questionMs`. */
  ask(question: Question): Promise<Answer>;
  /** The public keys of the installation, as they were last read. */
  jwks(): AcceptedTokens["jwks"];
}

export interface AskingOptions {
  readonly auth: Client<typeof AuthService>;
  readonly accepted: AcceptedTokens;
  readonly clock: Clock;
}

/**
 * Tells who makes a call in a process that holds no accounts. Tokens of this installation are verified here, and only
 * whether their sessions last is asked: of many at once in one call, so that all users of a process that died can come
 * to this one at the same time. What can be no credentials is refused here, and what nobody accepts is once it was read
 * again, for all of them together, what is accepted.
 *
 * What is left is asked about as it is: what claims to be of the trusted issuer, or has the form of an operator key.
 * Anybody can make such things up. A flood of one kind delays the strangers of that kind alone, who wait `questionMs` at
 * most; it is bound by what `maxAskedAtOnce` questions at a time get answered, and by the calls that one address may have
 * open.
 */
export function createAsking({ auth, accepted, clock }: AskingOptions): Asking {
  const reading = keepReading(
    accepted,
    () => readAcceptedTokens(auth),
    (now) => ({ now, readOwn: createOwnTokens(createTokenVerifier(now.jwks, { ...now, clock }), clock) }),
  );
  const checkOwn = createSessionCheck(auth, clock);
  const askAs = {
    operator: createTurns({ atOnce: maxAskedAtOnce, most: maxQuestions }),
    trusted: createTurns({ atOnce: maxAskedAtOnce, most: maxQuestions }),
  };
  const ask = async ({ authorization, deviceId }: Question, signal: AbortSignal) => {
    const askedAt = clock();
    const asAuth = callAs({ kind: "service", name: "auth" }, { timeoutMs: askMs, signal });
    return { identity: identityOf(await auth.authenticate({ authorization, deviceId }, asAuth)), askedAt };
  };
  const readKind = async (token: string) => {
    const known = reading.current();
    const kind = kindOf(token, known.now);
    if (kind !== "foreign") return { ...known, kind };
    const anew = await reading.again();
    return { ...anew, kind: kindOf(token, anew.now) };
  };
  const answer = async (question: Question, signal: AbortSignal): Promise<Answer> => {
    const token = tokenOf(question.authorization);
    const { kind, readOwn } = await readKind(token);
    if (kind === "none" || kind === "foreign") throw platformErrors.UNAUTHENTICATED();
    if (kind === "own") return await checkOwn(await readOwn(question.key, token), signal);
    const answered = await askAs[kind](() => ask(question, signal), signal);
    const expiresAt = kind === "operator" ? Number.POSITIVE_INFINITY : acceptedUntil(decodeJwt(token));
    return { ...answered, expiresAt };
  };
  return {
    ask(question) {
      const leaving = new AbortController();
      return inTime(answer(question, leaving.signal), questionMs, () => {
        const failure = platformErrors.PEER_UNREACHABLE({ message: "nobody said in time who calls" });
        leaving.abort(failure);
        throw failure;
      });
    },
    jwks: () => reading.current().now.jwks,
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
