import pino from "pino";
import { afterAll, beforeAll } from "vitest";
import { openRedis, type RedisEngine } from "#platform/engines/redis.ts";
import { parseRedisUrl } from "#platform/engines/redis-url.ts";
import { engineUrl, freshName } from "./engines.ts";

/** A connection with keys of its own to the Redis of the run, for all tests of a file. */
export function useRedis(): () => RedisEngine {
  let redis: RedisEngine | undefined;

  beforeAll(async () => {
    const url = parseRedisUrl(await engineUrl("redis"));
    redis = await openRedis({ url, keyPrefix: `${freshName()}:`, logger: pino({ level: "silent" }) });
  });

  afterAll(() => redis?.close());

  return () => {
    if (!redis) throw new Error("Redis is open within tests only");
    return redis;
  };
}
