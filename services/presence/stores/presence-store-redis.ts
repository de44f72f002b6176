import type { Redis } from "ioredis";
import { createScript } from "#platform/engines/redis-script.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { userId } from "#platform/runtime/ids.ts";
import { announceScript, expireScript, readScript } from "./presence-scripts.ts";
import {
  maxDevicesPerUser,
  type PresenceStore,
  type Standing,
  type StandingChange,
  statusTtlMs,
} from "./presence-store.ts";

/** Devices that all processes together remember, some 400 bytes each. */
const defaultCapacity = 2_000_000;
/** Devices forgotten at once: other commands wait for about a millisecond. */
export const maxExpiredAtOnce = 500;

const users = "presence:user:";
const heard = "presence:heard";

export interface RedisPresenceOptions {
  /** Absent: Redis' own clock, which all processes share. */
  readonly clock?: Clock;
  readonly capacity?: number;
}

/** Presence of all processes that share a Redis. It is one server, with replicas or without, and not Redis Cluster. */
export function createRedisPresenceStore(client: Redis, options: RedisPresenceOptions = {}): PresenceStore {
  const { capacity = defaultCapacity } = options;
  const clock: () => number | string = options.clock ?? (() => "");
  const runAnnounce = createScript(client, announceScript);
  const runRead = createScript(client, readScript);
  const runExpire = createScript(client, expireScript);
  return {
    async announce(userId, deviceId, announcement) {
      const news = [userId, deviceId, announcement, maxDevicesPerUser, capacity];
      const answer = listOf(await runAnnounce([users + userId, heard], [clock(), statusTtlMs, ...news]));
      return { userId, before: standingAt(answer, 0), after: standingAt(answer, 2) };
    },
    async read(userIds) {
      const answer = listOf(await runRead([users], [clock(), statusTtlMs, ...userIds]));
      return userIds.map((_, index) => standingAt(answer, 2 * index));
    },
    async expire() {
      const changes: StandingChange[] = [];
      for (let count = maxExpiredAtOnce; count === maxExpiredAtOnce; ) {
        const answer = listOf(await runExpire([users, heard], [clock(), statusTtlMs, maxExpiredAtOnce]));
        count = Number(answer[0]);
        for (let at = 1; at < answer.length; at += 4) changes.push(changeAt(answer, at));
      }
      return changes;
    },
  };
}

function listOf(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) throw new TypeError("Redis answered what no script returns");
  return answer;
}

function standingAt(answer: readonly unknown[], at: number): Standing {
  return { status: statusOf(answer[at]), onlineAt: Number(answer[at + 1]) };
}

function changeAt(answer: readonly unknown[], at: number): StandingChange {
  const before = standingAt(answer, at + 1);
  const after = { status: statusOf(answer[at + 3]), onlineAt: before.onlineAt };
  return { userId: userId(String(answer[at])), before, after };
}

function statusOf(value: unknown): Standing["status"] {
  return value === "online" || value === "away" ? value : "offline";
}
