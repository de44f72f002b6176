import type { UserId } from "#platform/runtime/ids.ts";
import type { SessionRow, SessionStore } from "./stores/session-store.ts";
import type { AccessSubject } from "./token-verifier.ts";

/** A session that begins now and has no time yet. */
export function newRow({ userId, sessionId, deviceId }: AccessSubject, deviceName: string, now: number): SessionRow {
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

/** Orders sessions newest first, the same for everybody who looks. */
export function byNewest(a: SessionRow, b: SessionRow): number {
  return b.createdAt - a.createdAt || (a.sessionId < b.sessionId ? 1 : -1);
}

/** Drops rows past their time. */
export async function sweep(store: SessionStore, userId: UserId, now: number): Promise<void> {
  const gone = (await store.list(userId)).filter((row) => row.expiresAt <= now);
  await store.remove(
    userId,
    gone.map((row) => row.sessionId),
  );
}
