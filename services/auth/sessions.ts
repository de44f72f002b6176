import type { Bus } from "#platform/bus/bus.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { type ClientId, type DeviceId, type SessionId, sessionId, type UserId, uuidv7 } from "#platform/runtime/ids.ts";
import type { AccessSubject, AccessToken, AccessTokens } from "./access-token.ts";
import { authErrors } from "./errors.ts";
import type { RefreshTokens } from "./refresh-token.ts";
import { decideRefresh, isLive } from "./rotation.ts";
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
  /** Uses a refresh token up. Throws REFRESH_REFUSED, or REFRESH_REUSED once the session is ended for it. */
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
}

export function createSessions(options: SessionsOptions): Sessions {
  const { store, accessTokens, refreshTokens, bus, clock, refreshTtlMs } = options;

  async function issue(row: SessionRow): Promise<IssuedSession> {
    return { row, access: await accessTokens.mint(row, row.refreshedAt), refreshToken: refreshTokens.make(row) };
  }

  async function end(row: SessionRow): Promise<void> {
    const now = clock();
    // The row outlives every access token of the session, so that ending it again is told from a session never known.
    const keepUntil = row.generation === 0 ? row.expiresAt : now + options.accessTtlMs;
    if (!(await store.end(row.userId, row.sessionId, now, keepUntil))) return;
    bus.publish("sessions", Buffer.from(row.sessionId));
  }

  const endAll = (rows: readonly SessionRow[]) => Promise.all(rows.map(end));

  /** Drops rows past their time and returns the living ones. */
  async function sweep(userId: UserId): Promise<SessionRow[]> {
    const [now, rows] = [clock(), await store.list(userId)];
    const gone = rows.filter((row) => row.expiresAt <= now);
    await store.remove(
      userId,
      gone.map((row) => row.sessionId),
    );
    return rows.filter((row) => isLive(row, now));
  }

  return {
    async start(userId, { deviceId, name }) {
      const live = await sweep(userId);
      const row = newRow({ userId, deviceId, sessionId: sessionId(uuidv7(clock())) }, name, clock());
      const fresh: SessionRow = { ...row, expiresAt: row.createdAt + refreshTtlMs, generation: 1 };
      await store.insert(fresh);
      const others = live.filter((other) => other.deviceId !== deviceId);
      const surplus = others.sort((a, b) => b.refreshedAt - a.refreshedAt).slice(maxSessions - 1);
      await endAll([...live.filter((other) => other.deviceId === deviceId), ...surplus]);
      return await issue(fresh);
    },

    async refresh(token, clientId) {
      const grant = refreshTokens.read(token);
      if (!grant) throw authErrors.REFRESH_REFUSED();
      for (;;) {
        const row = await store.find(grant.userId, grant.sessionId);
        const now = clock();
        const decision = decideRefresh(row, grant.generation, clientId, now);
        if (!row || decision === "refused") throw authErrors.REFRESH_REFUSED();
        if (decision === "repeat") return await issue(row);
        if (decision === "reused") {
          await end(row);
          throw authErrors.REFRESH_REUSED();
        }
        const rotation = { rotatedBy: clientId, refreshedAt: now, expiresAt: now + refreshTtlMs };
        // Where another call rotated first, the row decides anew.
        if (!(await store.rotate(row.userId, row.sessionId, row.generation, rotation))) continue;
        return await issue({ ...row, ...rotation, generation: row.generation + 1 });
      }
    },

    async list(userId) {
      const now = clock();
      const rows = (await store.list(userId)).filter((row) => isLive(row, now));
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
      const now = clock();
      const rows = await store.list(userId);
      await endAll(rows.filter((row) => row.sessionId !== kept && isLive(row, now)));
    },

    async observe(subject, expiresAt) {
      const known = await store.find(subject.userId, subject.sessionId);
      if (known?.endedAt) return false;
      if (known) {
        if (known.expiresAt < expiresAt) await store.extend(subject.userId, subject.sessionId, expiresAt);
        return true;
      }
      await sweep(subject.userId);
      await store.insert({ ...newRow(subject, "", clock()), expiresAt });
      return true;
    },
  };
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
