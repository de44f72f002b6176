import type { Budget } from "#platform/rpc/budgets.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { ClientId } from "#platform/runtime/ids.ts";
import type { EndSession } from "./ending.ts";
import { authErrors } from "./errors.ts";
import type { RefreshTokens } from "./refresh-token.ts";
import { decideRefresh } from "./rotation.ts";
import type { IssuedSession } from "./sessions.ts";
import type { SessionRow, SessionStore } from "./stores/session-store.ts";

/** Makes the tokens of a session's present generation; equal rows give equal tokens. */
export type IssueTokens = (row: SessionRow) => Promise<IssuedSession>;

export interface RefreshingOptions {
  readonly store: Pick<SessionStore, "find" | "rotate">;
  readonly refreshTokens: RefreshTokens;
  readonly clock: Clock;
  readonly refreshTtlMs: number;
  readonly sessionMaxMs: number;
  /** Charged with each call, by session. */
  readonly refreshBudget: Budget;
  readonly issue: IssueTokens;
  readonly end: EndSession;
}

export function createRefreshing(options: RefreshingOptions) {
  const { store, refreshTokens, clock, refreshTtlMs, sessionMaxMs, refreshBudget, issue, end } = options;
  return async (token: string, clientId: ClientId): Promise<IssuedSession> => {
    const grant = refreshTokens.read(token);
    if (!grant) throw authErrors.REFRESH_REFUSED();
    await refreshBudget.charge(grant.sessionId);
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
      const expiresAt = Math.min(now + refreshTtlMs, row.createdAt + sessionMaxMs);
      const rotation = { rotatedBy: clientId, refreshedAt: now, expiresAt };
      const rotated = await store.rotate(row.userId, row.sessionId, row.generation, rotation);
      if (rotated) return await issue({ ...row, ...rotation, generation: row.generation + 1 });
      // Another call came first: what this one gets depends on the row as it is now.
    }
  };
}
