import { randomBytes } from "node:crypto";
import type { Bus } from "#platform/bus/bus.ts";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import type { SqliteDatabase } from "#platform/engines/sqlite.ts";
import { createBudget, minuteMs } from "#platform/rpc/budgets.ts";
import { deviceId, uuidv7 } from "#platform/runtime/ids.ts";
import { type AccessTokens, createAccessTokens } from "../access-token.ts";
import { createRefreshTokens } from "../refresh-token.ts";
import { createSessions, type Device, type Sessions } from "../sessions.ts";
import { createSqliteSessions } from "../stores/session-store-sqlite.ts";
import { createTurnedClock, type TurnedClock } from "./clock.ts";

/** Sessions on a store, with a clock that the test turns and a list of what the bus told. */
export interface SessionStand {
  readonly sessions: Sessions;
  readonly accessTokens: AccessTokens;
  readonly clock: TurnedClock;
  readonly bus: Bus;
  /** Ids of the sessions that ended, in the order of the news. */
  readonly ended: string[];
}

export const accessTtlMs = 600_000;
export const refreshTtlMs = 90 * 86_400_000;
export const sessionMaxMs = 365 * 86_400_000;

export async function standSessions(db: SqliteDatabase, refreshesPerMinute = 0): Promise<SessionStand> {
  const clock = createTurnedClock();
  const bus = createMemoryBus();
  const ended: string[] = [];
  bus.subscribe("sessions", (payload) => ended.push(Buffer.from(payload).toString()));
  const accessTokens = await createAccessTokens({
    seed: randomBytes(32),
    issuer: "parley",
    audience: "parley",
    ttlMs: accessTtlMs,
    clock: clock.now,
  });
  const sessions = createSessions({
    store: createSqliteSessions(db),
    accessTokens,
    refreshTokens: createRefreshTokens(randomBytes(32)),
    bus,
    clock: clock.now,
    accessTtlMs,
    refreshTtlMs,
    sessionMaxMs,
    refreshBudget: createBudget(refreshesPerMinute, minuteMs),
  });
  return { sessions, accessTokens, clock, bus, ended };
}

export function newDevice(name = "Terminal"): Device {
  return { deviceId: deviceId(uuidv7()), name };
}
