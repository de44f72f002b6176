import { expect, test } from "vitest";
import { newConversationId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { describeOnRedis } from "#platform/testing/redis.ts";
import { describeTypingLimit } from "./typing-limit.contract.ts";
import { createRedisTypingLimit } from "./typing-limit-redis.ts";

describeOnRedis("typing on Redis", (redis) => {
  describeTypingLimit("redis", () => ({
    limit: createRedisTypingLimit(redis().client),
    /** Time passes for a key as it is brought nearer to its end. */
    async pass(ms, key) {
      await redis().client.pexpire(key, (await redis().client.pttl(key)) - ms);
    },
  }));

  test("of starts at once in several processes one is delivered", async () => {
    const processes = Array.from({ length: 4 }, () => createRedisTypingLimit(redis().client));
    const [ada, conversation] = [userId(uuidv7()), newConversationId(1)];
    const admitted = await Promise.all(processes.map((limit) => limit.admit(ada, conversation, true)));
    expect(admitted.filter(Boolean)).toHaveLength(1);
  });
});
