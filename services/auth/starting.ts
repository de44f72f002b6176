import type { Clock } from "#platform/runtime/clock.ts";
import { sessionId, type UserId, uuidv7 } from "#platform/runtime/ids.ts";
import type { EndSession } from "./ending.ts";
import type { IssueTokens } from "./refreshing.ts";
import { byNewest, newRow, sweep } from "./session-rows.ts";
import type { Device, IssuedSession } from "./sessions.ts";
import type { SessionRow, SessionStore } from "./stores/session-store.ts";

/** Sessions that a user may have at once; the one that refreshed longest ago gives way to a new one. */
export const maxSessions = 100;

export interface StartingOptions {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly refreshTtlMs: number;
  readonly sessionMaxMs: number;
  /** The living sessions of a user. */
  readonly living: (userId: UserId) => Promise<SessionRow[]>;
  readonly issue: IssueTokens;
  readonly end: EndSession;
}

export function createStarting({ store, clock, refreshTtlMs, sessionMaxMs, living, issue, end }: StartingOptions) {
  return async (userId: UserId, { deviceId, name }: Device): Promise<IssuedSession> => {
    await sweep(store, userId, clock());
    const earlier = (await living(userId)).filter((row) => row.deviceId === deviceId);
    const now = clock();
    // Newer than what it replaces, also where the clock went back.
    const createdAt = Math.max(now, ...earlier.map((row) => row.createdAt + 1));
    const expiresAt = now + Math.min(refreshTtlMs, sessionMaxMs);
    const empty = newRow({ userId, deviceId, sessionId: sessionId(uuidv7(now)) }, name, now);
    const row: SessionRow = { ...empty, createdAt, expiresAt, generation: 1 };
    await store.insert(row);
    // Looked up once the row is there: of log-ins at once, the last to look sees all, and all agree which one stays.
    for (const given of givingWay(await living(userId), row)) await end(given);
    return await issue(row);
  };
}

/** What has to end for a session that began: the others of its device, and those beyond the most. */
function givingWay(live: readonly SessionRow[], { deviceId }: SessionRow): SessionRow[] {
  const ofDevice = live.filter((row) => row.deviceId === deviceId).sort(byNewest);
  const others = live.filter((row) => row.deviceId !== deviceId).sort((a, b) => b.refreshedAt - a.refreshedAt);
  return [...ofDevice.slice(1), ...others.slice(maxSessions - 1)];
}
