import type { Bus } from "#platform/bus/bus.ts";
import type { Budget } from "#platform/rpc/budgets.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { ClientId, DeviceId, SessionId, UserId } from "#platform/runtime/ids.ts";
import type { AccessToken, AccessTokens } from "./access-token.ts";
import { createEnding } from "./ending.ts";
import type { RefreshTokens } from "./refresh-token.ts";
import { createRefreshing, type IssueTokens } from "./refreshing.ts";
import { isLive } from "./rotation.ts";
import { byNewest, newRow, sweep } from "./session-rows.ts";
import { createStarting } from "./starting.ts";
import type { SessionRow, SessionStore } from "./stores/session-store.ts";
import type { AccessSubject } from "./token-verifier.ts";

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
  /** Signs a device in. Its earlier sessions of the same user end; of those that start at once, one is left. */
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
  /** How long a session lasts without being refreshed. */
  readonly refreshTtlMs: number;
  /** How long a session lasts, however often it is refreshed. */
  readonly sessionMaxMs: number;
  readonly refreshBudget: Budget;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { store, accessTokens, refreshTokens, clock } = options;
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
    start: createStarting({ ...options, living, issue, end }),
    refresh: createRefreshing({ ...options, issue, end }),

    async list(userId) {
      const rows = await living(userId);
      return rows.sort(byNewest);
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
