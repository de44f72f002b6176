import type { Bus } from "#platform/bus/bus.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import type { SessionRow, SessionStore } from "./stores/session-store.ts";
import { longestTrustedMs } from "./trusted-issuer.ts";

/** Ends a session and tells the bus. Where it had ended before, nothing happens. */
export type EndSession = (row: SessionRow) => Promise<void>;

export interface EndingOptions {
  readonly store: Pick<SessionStore, "end">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly accessTtlMs: number;
}

export function createEnding({ store, bus, clock, accessTtlMs }: EndingOptions): EndSession {
  return async (row) => {
    const now = clock();
    // The row outlives the session's tokens: one of another issuer that was never shown would begin it again.
    const keepUntil = now + (row.generation === 0 ? longestTrustedMs : accessTtlMs);
    if (!(await store.end(row.userId, row.sessionId, now, keepUntil))) return;
    bus.publish("sessions", Buffer.from(row.sessionId));
  };
}
