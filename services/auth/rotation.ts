import type { ClientId } from "#platform/runtime/ids.ts";
import type { SessionRow } from "./stores/session-store.ts";

/** How long the same call may be repeated by a caller whose answer was lost. */
export const repeatWindowMs = 10_000;

/**
 * What to do with a refresh token of `generation`:
 * - `rotate`: it is good, the next one takes its place;
 * - `repeat`: the same call made the next one just now, and gets it again;
 * - `reused`: it was used before, by whom nobody knows: the session must end;
 * - `refused`: the session is gone, or never had such a token.
 */
export type RefreshDecision = "rotate" | "repeat" | "reused" | "refused";

export function decideRefresh(
  session: SessionRow | undefined,
  generation: number,
  clientId: ClientId,
  now: number,
): RefreshDecision {
  if (!session || !isLive(session, now) || generation > session.generation) return "refused";
  if (generation === session.generation) return "rotate";
  const isRepetition =
    generation === session.generation - 1 &&
    session.rotatedBy === clientId &&
    now - session.refreshedAt <= repeatWindowMs;
  return isRepetition ? "repeat" : "reused";
}

/** Whether the session can be used. */
export function isLive(session: SessionRow, now: number): boolean {
  return session.endedAt === 0 && now < session.expiresAt;
}
