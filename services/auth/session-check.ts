import type { Client } from "@connectrpc/connect";
import type { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { gatherCalls } from "#platform/rpc/gathered-calls.ts";
import { callAs } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { type Answer, askMs, maxQuestions } from "./question.ts";
import type { AccessSubject, VerifiedToken } from "./token-verifier.ts";
import { createTurns } from "./turns.ts";

/** Asks whether the sessions of verified tokens last. */
export function createSessionCheck(auth: Client<typeof AuthService>, clock: Clock) {
  const turns = createTurns({ atOnce: maxQuestions, most: maxQuestions });
  const check = gatherCalls(async (subjects: readonly AccessSubject[]) => {
    const askedAt = clock();
    const sessions = subjects.map(({ userId, sessionId }) => ({ userId, sessionId }));
    const asAuth = callAs({ kind: "service", name: "auth" }, { timeoutMs: askMs });
    const { endedSessionIds, unknownSessionIds } = await auth.checkSessions({ sessions }, asAuth);
    const [ended, unknown] = [new Set(endedSessionIds), new Set(unknownSessionIds)];
    return subjects.map(({ sessionId }) => ({
      hasEnded: ended.has(sessionId),
      isUnknown: unknown.has(sessionId),
      askedAt,
    }));
  });
  return async ({ expiresAt, ...subject }: VerifiedToken, signal: AbortSignal): Promise<Answer> => {
    const { hasEnded, isUnknown, askedAt } = await turns(() => check(subject, signal), signal);
    if (hasEnded) throw platformErrors.SESSION_REVOKED();
    if (isUnknown) throw platformErrors.STORE_UNREACHABLE({ message: "nobody can tell whether the session lasts" });
    return { identity: { kind: "user", ...subject }, askedAt, expiresAt };
  };
}
