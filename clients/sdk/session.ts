import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { AuthService, Session } from "./contract.ts";
import { isReason, isSignedOut, notSignedIn } from "./errors.ts";
import type { Storage } from "./storage.ts";

/** Who is signed in on this device. */
export interface SessionInfo {
  readonly userId: string;
  readonly sessionId: string;
}

/** The session of a device: kept in storage, refreshed in time, by one call at once. */
export interface SessionKeeper {
  current(): SessionInfo | undefined;
  /** A token that is good for a while. Throws `notSignedIn`. */
  accessToken(): Promise<string>;
  /** Replaces a token that the server says is past its time. Throws `notSignedIn` where the session has ended. */
  refresh(expiredToken: string): Promise<string>;
  /** Replaces the current token. Throws `notSignedIn`. */
  renew(): Promise<string>;
  /** Forgets the session of a token that the server says was revoked. */
  discard(revokedToken: string): Promise<void>;
  /** Adopts a new session, or none. */
  adopt(session: Session | undefined): Promise<void>;
}

interface StoredSession extends SessionInfo {
  readonly accessToken: string;
  readonly obtainedAt: number;
  readonly expiresAt: number;
  readonly refreshToken: string;
  /**
   * Client id of the call that will use the refresh token up. It is decided beforehand, so that processes that share
   * the storage repeat one call instead of using the token twice, which would revoke the session.
   */
  readonly refreshId: string;
}

export interface SessionOptions {
  readonly storage: Storage;
  /** The service, without the interceptors that need a session. */
  readonly auth: Client<typeof AuthService>;
  readonly nextId: () => string;
  readonly now: () => number;
}

const sessionKey = "session";

/** Part of a token's life after which it is replaced before use. */
const freshPart = 0.8;

/** Opens the session that an earlier run left. */
export async function openSession(options: SessionOptions): Promise<SessionKeeper> {
  const { storage, auth, nextId, now } = options;
  let session = await load();
  let refreshing: Promise<string> | undefined;

  async function load(): Promise<StoredSession | undefined> {
    const text = await storage.get(sessionKey);
    return text === undefined ? undefined : (JSON.parse(text) as StoredSession);
  }

  async function adopt(next: Session | undefined): Promise<void> {
    session = next && store(next, nextId(), now());
    await storage.write([{ key: sessionKey, value: session && JSON.stringify(session) }]);
  }

  async function exchange(expiredToken: string): Promise<string> {
    session = await load();
    if (!session) throw notSignedIn();
    if (session.accessToken !== expiredToken) return session.accessToken;
    const { refreshId, refreshToken } = session;
    try {
      const answer = await auth.refreshSession({ clientId: refreshId, refreshToken });
      await adopt(answer.session);
    } catch (error) {
      await endIfRefused(error, expiredToken);
    }
    if (!session) throw notSignedIn();
    return session.accessToken;
  }

  async function endIfRefused(error: unknown, expiredToken: string): Promise<void> {
    if (!isReason(error, "auth", "REFRESH_REFUSED", "REFRESH_REUSED")) throw error;
    await discard(expiredToken);
    if (!session) throw notSignedIn(error);
  }

  /** Another process may have signed in anew meanwhile: its session stays. */
  async function discard(token: string): Promise<void> {
    session = await load();
    if (session?.accessToken === token) await adopt(undefined);
  }

  function refresh(expiredToken: string): Promise<string> {
    refreshing ??= exchange(expiredToken).finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  return {
    current: () => session && { userId: session.userId, sessionId: session.sessionId },
    async accessToken() {
      session ??= await load();
      if (!session) throw notSignedIn();
      const { accessToken, obtainedAt, expiresAt } = session;
      const clockIsWrong = expiresAt <= obtainedAt;
      if (clockIsWrong || now() < obtainedAt + (expiresAt - obtainedAt) * freshPart) return accessToken;
      return refresh(accessToken).catch((error) => {
        if (isSignedOut(error) || now() >= expiresAt) throw error;
        return accessToken;
      });
    },
    refresh,
    renew: () => refresh(session?.accessToken ?? ""),
    discard,
    adopt,
  };
}

function store(session: Session, refreshId: string, now: number): StoredSession {
  const { userId, sessionId, accessToken, refreshToken, accessExpiresAt } = session;
  const expiresAt = accessExpiresAt ? timestampMs(accessExpiresAt) : now;
  return { userId, sessionId, accessToken, obtainedAt: now, expiresAt, refreshToken, refreshId };
}
