import type { Redis } from "ioredis";
import { createScript } from "#platform/engines/redis-script.ts";
import { type TypingLimit, typingIntervalMs, typingTtlMs } from "./typing-limit.ts";

/** The key ends by itself when the typing does: how long it has left tells when it began. 1: it goes on, 0: it was ended. */
const admit = `
local typing, interval, ttl = ARGV[1] == "1", tonumber(ARGV[2]), tonumber(ARGV[3])
local left = redis.call("PTTL", KEYS[1])
if typing then
  if left > 0 and ttl - left < interval then return 0 end
  redis.call("SET", KEYS[1], "1", "PX", ttl)
  return 1
end
if redis.call("GET", KEYS[1]) ~= "1" then return 0 end
redis.call("SET", KEYS[1], "0", "KEEPTTL")
return 1`;

/** Typing of all processes that share a Redis. */
export function createRedisTypingLimit(client: Redis): TypingLimit {
  const run = createScript(client, admit);
  return {
    async admit(userId, conversationId, typing) {
      const key = `typing:${conversationId}:${userId}`;
      return (await run([key], [typing ? 1 : 0, typingIntervalMs, typingTtlMs])) === 1;
    },
  };
}
