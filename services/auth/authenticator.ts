import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Bus } from "#platform/bus/bus.ts";
import { type Authenticator, type Credentials, deviceHeader } from "#platform/rpc/authenticator.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import type { UserIdentity } from "#platform/rpc/identity.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { ServiceError } from "#platform/runtime/errors.ts";
import { type DeviceId, deviceId, type SessionId, sessionId } from "#platform/runtime/ids.ts";
import type { AccessTokens } from "./access-token.ts";
import { inTime } from "./in-time.ts";
import { type OperatorKey, operatorKeyPrefix } from "./operator-key.ts";
import type { Sessions } from "./sessions.ts";
import { shareCalls } from "./shared-calls.ts";
import type { AccessSubject } from "./token-verifier.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

/** Verified tokens that are remembered. */
export const maxCachedTokens = 50_000;
/** Ended sessions that are remembered; they matter until their tokens are checked against the store again. */
export const maxEndedSessions = 50_000;
/** How long a session is taken to live without asking the store: what the bus may have lost is noticed then. */
export const sessionCheckMs = 5_000;
/**
 * How long a session that was seen to live is believed to while the store can't be asked, or the process that has the
 * accounts.
 */
export const sessionGraceMs = 15_000;
/** How long a call of somebody who is believed waits for the answer to whether that still holds. */
export const patienceMs = 1_000;
/** Longest token that is looked at. */
export const maxTokenLength = 8192;

const never = Number.NEGATIVE_INFINITY;

export interface AuthenticatorOptions {
  readonly accessTokens: AccessTokens;
  readonly sessions: Pick<Sessions, "isLive" | "observe">;
  readonly operatorKey: OperatorKey;
  readonly trustedIssuer: TrustedIssuer | undefined;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** An authenticator that listens on the bus until it is closed. */
export interface ClosableAuthenticator extends Authenticator {
  /** Closing twice is harmless. */
  close(): void;
}

interface CachedToken {
  readonly subject: AccessSubject;
  readonly expiresAt: number;
  readonly isTrusted: boolean;
  /** When the session's row was last seen to live. */
  checkedAt: number;
  /** When the store was last asked in vain. */
  failedAt: number;
}

export function createAuthenticator(options: AuthenticatorOptions): ClosableAuthenticator {
  const { accessTokens, sessions, operatorKey, trustedIssuer, bus, clock } = options;
  const cache = new LRUCache<string, CachedToken>({ max: maxCachedTokens });
  const share = shareCalls<CachedToken>();
  const ended = new LRUCache<SessionId, true>({ max: maxEndedSessions });
  const close = bus.subscribe("sessions", (payload) => {
    ended.set(sessionId(Buffer.from(payload).toString()), true);
  });

  async function verify(token: string): Promise<CachedToken> {
    const isTrusted = trustedIssuer?.claims(token) ?? false;
    const { expiresAt, ...subject } = await (isTrusted && trustedIssuer ? trustedIssuer : accessTokens).verify(token);
    return { subject, expiresAt, isTrusted, checkedAt: never, failedAt: never };
  }

  async function checkSession(cached: CachedToken, device: DeviceId, now: number, mostAgeMs: number): Promise<void> {
    if (ended.has(cached.subject.sessionId)) throw platformErrors.SESSION_REVOKED();
    const age = now - cached.checkedAt;
    const isGrace = age < sessionGraceMs;
    if (age < Math.min(mostAgeMs, sessionCheckMs) || (isGrace && now - cached.failedAt < sessionCheckMs)) return;
    const believe = () => {
      cached.failedAt = now;
    };
    const looked = look(cached, device, now).catch((error) => {
      // What the store says holds, also where nobody waits for it any more.
      if (error instanceof ServiceError) cached.checkedAt = never;
      if (!isGrace || error instanceof ServiceError) throw error;
      believe();
    });
    await (isGrace ? inTime(looked, Math.min(patienceMs, sessionGraceMs - age), believe) : looked);
    if (ended.has(cached.subject.sessionId)) throw platformErrors.SESSION_REVOKED();
  }

  async function look(cached: CachedToken, device: DeviceId, now: number): Promise<void> {
    const { userId, sessionId } = cached.subject;
    const isLive = cached.isTrusted
      ? await sessions.observe({ userId, sessionId, deviceId: device }, cached.expiresAt)
      : await sessions.isLive(userId, sessionId);
    if (!isLive) throw platformErrors.SESSION_REVOKED();
    cached.checkedAt = now;
  }

  async function authenticateUser(token: string, given: string | undefined, mostAgeMs: number): Promise<UserIdentity> {
    const key = hash("sha256", token, "base64url");
    const now = clock();
    const cached = cache.get(key) ?? (await share(key, () => verify(token)));
    if (cached.expiresAt <= now) {
      cache.delete(key);
      throw platformErrors.TOKEN_EXPIRED();
    }
    const device = cached.isTrusted ? readDevice(given, cached.subject.deviceId) : cached.subject.deviceId;
    await checkSession(cached, device, now, mostAgeMs);
    cache.set(key, cached);
    return { kind: "user", userId: cached.subject.userId, sessionId: cached.subject.sessionId, deviceId: device };
  }

  return {
    async authenticate({ authorization, deviceId }: Credentials, mostAgeMs = sessionCheckMs) {
      if (authorization === undefined) return { kind: "anonymous" };
      const token = tokenOf(authorization);
      if (!token.startsWith(operatorKeyPrefix)) return await authenticateUser(token, deviceId, mostAgeMs);
      if (!operatorKey.matches(token)) throw platformErrors.UNAUTHENTICATED();
      return { kind: "operator" };
    },
    jwks: accessTokens.jwks,
    close,
  };
}

/** The token of an `Authorization` header. Throws UNAUTHENTICATED where it holds none, or one that is too long. */
export function tokenOf(authorization: string): string {
  const token = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1];
  if (!token || token.length > maxTokenLength) throw platformErrors.UNAUTHENTICATED();
  return token;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function readDevice(given: string | undefined, fallback: DeviceId): DeviceId {
  if (given === undefined) return fallback;
  const text = given.toLowerCase();
  if (!uuid.test(text)) throw platformErrors.INVALID_ARGUMENT({ message: `${deviceHeader} must be a UUID` });
  return deviceId(text);
}
