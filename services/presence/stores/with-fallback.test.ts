import pino from "pino";
import { expect, test } from "vitest";
import { commandMs } from "#platform/engines/redis.ts";
import { deviceId, newConversationId, type UserId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { describeOnOwnRedis, type OwnRedis } from "#platform/testing/redis.ts";
import { until } from "#platform/testing/until.ts";
import { statusTtlMs } from "./presence-store.ts";
import { createMemoryPresenceStore } from "./presence-store-memory.ts";
import { createRedisPresenceStore } from "./presence-store-redis.ts";
import { createMemoryTypingLimit } from "./typing-limit-memory.ts";
import { createRedisTypingLimit } from "./typing-limit-redis.ts";
import { settleMs, withOwnPresence, withOwnTyping } from "./with-fallback.ts";

const logger = pino({ level: "silent" });
const phone = deviceId("phone");
const person = () => userId(uuidv7());

/** Two processes over one Redis, under a clock that the test turns. */
async function openTwo(redis: OwnRedis) {
  const time = { now: 1_700_000_000_000 };
  const clock = () => time.now;
  const open = async () => {
    const engine = await redis.connect();
    const shared = createRedisPresenceStore(engine.client, { clock });
    const store = withOwnPresence(
      { shared, own: createMemoryPresenceStore(clock), available: engine.available, logger },
      clock,
    );
    const statusOf = async (user: UserId) => (await store.read([user]))[0]?.status;
    return { engine, store, statusOf };
  };
  const [one, other] = await Promise.all([open(), open()]);
  const away = () => until(() => (one.engine.available() || other.engine.available() ? "not noticed" : ""));
  const back = () => until(() => one.engine.notReady() ?? other.engine.notReady() ?? "");
  return { one, other, time, away, back };
}

describeOnOwnRedis("presence without Redis", (startRedis) => {
  test("without Redis each process knows what it was told itself, of before too, and no longer than ever", async () => {
    const redis = await startRedis();
    const { one, other, time, away } = await openTwo(redis);
    const [ada, bob] = [person(), person()];
    await one.store.announce(ada, phone, "online");
    expect(await other.statusOf(ada)).toBe("online");
    await redis.stop();
    await away();
    expect(await one.statusOf(ada)).toBe("online");
    expect(await other.statusOf(ada)).toBe("offline");
    expect((await other.store.announce(bob, phone, "away")).after.status).toBe("away");
    expect(await other.statusOf(bob)).toBe("away");
    time.now += statusTtlMs;
    expect(await one.statusOf(ada)).toBe("offline");
    expect(await one.store.expire()).toMatchObject([{ userId: ada, after: { status: "offline" } }]);
  });

  test("a Redis that comes back empty is believed once all devices were announced to it again", async () => {
    const redis = await startRedis();
    const { one, other, time, away, back } = await openTwo(redis);
    const ada = person();
    await one.store.announce(ada, phone, "away");
    await redis.stop();
    await away();
    expect(await one.statusOf(ada)).toBe("away");
    expect(await other.statusOf(ada)).toBe("offline");
    await redis.start();
    await back();
    expect(await one.statusOf(ada)).toBe("away");
    time.now += settleMs - 1;
    expect((await one.store.announce(ada, phone, "away")).after.status).toBe("away");
    expect(await other.statusOf(ada)).toBe("offline");
    time.now += 1;
    expect(await one.statusOf(ada)).toBe("away");
    expect(await other.statusOf(ada)).toBe("away");
  });

  test("a Redis that was flushed loses devices until they are announced again", async () => {
    const redis = await startRedis();
    const { one, other } = await openTwo(redis);
    const ada = person();
    await one.store.announce(ada, phone, "online");
    await one.engine.client.flushall();
    expect(await other.statusOf(ada)).toBe("offline");
    expect(await one.store.announce(ada, phone, "alive")).toMatchObject({
      before: { status: "offline" },
      after: { status: "online" },
    });
    expect(await other.statusOf(ada)).toBe("online");
  });

  test("who leaves is told though Redis forgot that they were there", async () => {
    const redis = await startRedis();
    const { one, other, time } = await openTwo(redis);
    const [ada, bob] = [person(), person()];
    for (const user of [ada, bob]) await one.store.announce(user, phone, "online");
    await one.engine.client.flushall();
    const left = { before: { status: "online" }, after: { status: "offline" } };
    expect(await one.store.announce(ada, phone, "offline")).toMatchObject(left);
    expect((await other.store.announce(bob, phone, "offline")).before.status).toBe("offline");
    time.now += statusTtlMs;
    expect(await one.store.expire()).toMatchObject([{ userId: bob, ...left }]);
  });

  test("who is there is not said to leave by a process that was not told of late", async () => {
    const redis = await startRedis();
    const { one, other, time } = await openTwo(redis);
    const [ada, laptop] = [person(), deviceId("laptop")];
    await one.store.announce(ada, phone, "online");
    time.now += statusTtlMs - 1;
    await other.store.announce(ada, phone, "alive");
    await other.store.announce(ada, laptop, "online");
    time.now += 1;
    expect(await one.store.expire()).toEqual([]);
    const { before, after } = await other.store.announce(ada, phone, "offline");
    expect([before.status, after.status]).toEqual(["online", "online"]);
  });

  test("a Redis that says nothing holds nobody up for longer than it takes to notice", async () => {
    const redis = await startRedis();
    const { one } = await openTwo(redis);
    const ada = person();
    redis.pause();
    const begun = performance.now();
    await one.store.announce(ada, phone, "online");
    expect(performance.now() - begun).toBeLessThan(commandMs + 1_000);
    await until(() => (one.engine.available() ? "not noticed" : ""));
    const noticed = performance.now();
    expect(await one.statusOf(ada)).toBe("online");
    expect(performance.now() - noticed).toBeLessThan(500);
  });

  test("typing is delivered without Redis", async () => {
    const redis = await startRedis();
    const { client, available } = await redis.connect();
    const limit = withOwnTyping({
      shared: createRedisTypingLimit(client),
      own: createMemoryTypingLimit(Date.now),
      available,
      logger,
    });
    const [ada, conversation] = [person(), newConversationId(1)];
    expect(await limit.admit(ada, conversation, true)).toBe(true);
    await redis.stop();
    expect(await limit.admit(ada, conversation, true)).toBe(true);
    expect(await limit.admit(ada, conversation, true)).toBe(false);
    expect(await limit.admit(ada, conversation, false)).toBe(true);
  });
});
