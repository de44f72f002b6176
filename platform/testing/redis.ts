import pino from "pino";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { openRedis, type RedisEngine } from "#platform/engines/redis.ts";
import { parseRedisUrl } from "#platform/engines/redis-url.ts";
import { describeOnEngines, describeOnOwnEngines, freshName } from "./engines.ts";

const logger = pino({ level: "silent" });

/** Tests on the Redis of the run, over one connection with keys of its own. */
export function describeOnRedis(title: string, suite: (redis: () => RedisEngine) => void): void {
  describeOnEngines(title, ["redis"], ({ redis: { url } }) => {
    let redis: RedisEngine | undefined;
    beforeAll(async () => {
      redis = await openRedis({ url: parseRedisUrl(url), keyPrefix: `${freshName()}:`, logger });
    });
    afterAll(() => redis?.close());
    suite(() => {
      if (!redis) throw new Error("Redis is open within tests only");
      return redis;
    });
  });
}

/** A Redis of one test's own, to be stopped, started again and held. It keeps nothing on disk. */
export interface OwnRedis {
  readonly url: string;
  /** Ends it at once: what it held is gone. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Lets it answer nothing, though connections to it stand. */
  pause(): void;
  resume(): void;
  /** Closed when the test has finished. */
  connect(): Promise<RedisEngine>;
}

/** Tests each of which starts a Redis of its own, which runs until the test has finished. */
export function describeOnOwnRedis(title: string, suite: (startRedis: () => Promise<OwnRedis>) => void): void {
  describeOnOwnEngines(title, ["redis"], (start) => {
    suite(async () => {
      const { url, nodes } = await start("redis");
      const [node] = nodes;
      if (!node) throw new Error("this Redis has no process");
      return {
        url,
        stop: () => node.kill(),
        start: () => node.restart(),
        pause: () => node.pause(),
        resume: () => node.resume(),
        async connect() {
          const engine = await openRedis({ url: parseRedisUrl(url), keyPrefix: "test:", logger });
          onTestFinished(() => engine.close());
          return engine;
        },
      };
    });
  });
}
