import pino from "pino";
import { onTestFinished } from "vitest";
import { openRedis, type RedisEngine } from "#platform/engines/redis.ts";
import { parseRedisUrl } from "#platform/engines/redis-url.ts";
import { startRedis } from "../../ops/engines/redis.ts";

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

/** Runs until the test has finished. */
export async function startOwnRedis(): Promise<OwnRedis> {
  const { url, nodes, stop } = await startRedis();
  onTestFinished(stop);
  const [node] = nodes;
  if (!node) throw new Error("this Redis has no process");
  return {
    url,
    stop: () => node.kill(),
    start: () => node.restart(),
    pause: () => node.pause(),
    resume: () => node.resume(),
    async connect() {
      const logger = pino({ level: "silent" });
      const engine = await openRedis({ url: parseRedisUrl(url), keyPrefix: "test:", logger });
      onTestFinished(() => engine.close());
      return engine;
    },
  };
}
