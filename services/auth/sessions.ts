import type { Bus } from "#platform/bus/bus.ts";
import type { Budget } from "#platform/rpc/budgets.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { type ClientId, type DeviceId, type SessionId, sessionId, type UserId, uuidv7 } from "#platform/runtime/ids.ts";
import type { AccessSubject, AccessToken, AccessTokens } from "./access-token.ts";
import { createEnding } from "./ending.ts";
import type { RefreshTokens } from "./refresh-token.ts";
import { createRefreshing, type IssueTokens } from "./refreshing.ts";
import { isLive } from "./rotation.ts";
import type { SessionRow, SessionStore } from "./stores/session-store.ts";

/** Sessions that a user may have at once; the one that refreshed longest ago gives way to a new one. */
export const maxSessions = 100;

/** An installation of a client program. */
export interface Device {
  readonly deviceId: DeviceId;
  readonly name: string;
}

/** A session with the tokens that were made for it. */
export interface IssuedSession {
  readonly row: SessionRow;
  readonly access: AccessToken;
  readonly refreshToken: string;
}

/** The life of sessions. Whatever ends one is told on the bus. */
export interface Sessions {
  /** Signs a device in. Its earlier sessions of the same user end. */
  start(userId: UserId, device: Device): Promise<IssuedSession>;
  /**
   * Uses a refresh token up. Throws REFRESH_REFUSED, REFRESH_REUSED once the session is ended for it, or RATE_LIMITED,
   * which uses nothing up.
   */
  refresh(token: string, clientId: ClientId): Promise<IssuedSession>;
  /** The living sessions, newest first. */
  list(userId: UserId): Promise<SessionRow[]>;
  isLive(userId: UserId, sessionId: SessionId): Promise<boolean>;
  /** Ends a session. False: the user has no such session. True also where it had ended before. */
  end(userId: UserId, sessionId: SessionId): Promise<boolean>;
  endOthers(userId: UserId, kept: SessionId): Promise<void>;
  /** Notes a session that somebody else's token proves, until then. False: it was ended here. */
  observe(subject: AccessSubject, expiresAt: number): Promise<boolean>;
}

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly accessTtlMs: number;
  readonly refreshTtlMs: number;
  readonly refreshBudget: Budget;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { store, accessTokens, refreshTokens, clock, refreshTtlMs } = options;
  const end = createEnding(options);
  const endAll = (rows: readonly SessionRow[]) => Promise.all(rows.map(end));
  const issue: IssueTokens = async (row) => ({
    row,
    access: await accessTokens.mint(row, row.refreshedAt),
    refreshToken: refreshTokens.make(row),
  });
  const living = async (userId: UserId) => {
    const now = clock();
    return (await store.list(userId)).filter((row) => isLive(row, now));
  };

  return {
    refresh: createRefreshing({ ...options, issue, end }),

    async start(userId, { deviceId, name }) {
      await sweep(store, userId, clock());
      const live = await living(userId);
      const now = clock();
      const empty = newRow({ userId, deviceId, sessionId: sessionId(uuidv7(now)) }, name, now);
      const row: SessionRow = { ...empty, expiresAt: now + refreshTtlMs, generation: 1 };
      await store.insert(row);
      const replaced = live.filter((other) => other.deviceId === deviceId);
      const others = live.filter((other) => other.deviceId !== deviceId);
      const surplus = others.sort((a, b) => b.refreshedAt - a.refreshedAt).slice(maxSessions - 1);
      await endAll([...replaced, ...surplus]);
      return await issue(row);
    },

    async list(userId) {
      const rows = await living(userId);
      return rows.sort((a, b) => b.createdAt - a.createdAt || (a.sessionId < b.sessionId ? 1 : -1));
    },

    async isLive(userId, sessionId) {
      const row = await store.find(userId, sessionId);
      return row !== undefined && isLive(row, clock());
    },

    async end(userId, sessionId) {
      const row = await store.find(userId, sessionId);
      if (row) await end(row);
      return row !== undefined;
    },

    async endOthers(userId, kept) {
      await endAll((await living(userId)).filter((row) => row.sessionId !== kept));
    },

    async observe(subject, expiresAt) {
      const known = await store.find(subject.userId, subject.sessionId);
      if (known?.endedAt) return false;
      if (!known) {
        await sweep(store, subject.userId, clock());
        await store.insert({ ...newRow(subject, "", clock()), expiresAt });
      } else if (known.expiresAt < expiresAt) {
        await store.extend(subject.userId, subject.sessionId, expiresAt);
      }
      return true;
    },
  };
}

/** Drops rows past their time. */
async function sweep(store: SessionStore, userId: UserId, now: number): Promise<void> {
  const gone = (await store.list(userId)).filter((row) => row.expiresAt <= now);
  await store.remove(
    userId,
    gone.map((row) => row.sessionId),
  );
}

function newRow({ userId, sessionId, deviceId }: AccessSubject, deviceName: string, now: number): SessionRow {
  return {
    userId,
    sessionId,
    deviceId,
    deviceName,
    createdAt: now,
    refreshedAt: now,
    expiresAt: now,
    generation: 0,
    rotatedBy: "",
    endedAt: 0,
  };
}
