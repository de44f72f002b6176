import { beforeEach, expect, test } from "vitest";
import { deviceId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { describeOnRedis } from "#platform/testing/redis.ts";
import { describePresenceStore } from "./presence-store.contract.ts";
import { statusTtlMs } from "./presence-store.ts";
import { createRedisPresenceStore, maxExpiredAtOnce } from "./presence-store-redis.ts";

describeOnRedis("presence on Redis", (redis) => {
  const forget = () => redis().client.del("presence:heard");
  const phone = deviceId("phone");

  describePresenceStore("redis", async (clock) => {
    await forget();
    return createRedisPresenceStore(redis().client, { clock });
  });

  beforeEach(forget);

  test("of processes that share a Redis, one tells each change", async () => {
    let now = 0;
    const processes = Array.from({ length: 4 }, () => createRedisPresenceStore(redis().client, { clock: () => now }));
    const users = Array.from({ length: 2 * maxExpiredAtOnce + 100 }, () => userId(uuidv7()));
    await Promise.all(users.map((user, index) => processes[index % 4]?.announce(user, phone, "online")));
    now = statusTtlMs;
    const told = (await Promise.all(processes.map((store) => store.expire()))).flat();
    expect(told.map(({ userId }) => userId).sort()).toEqual(users.sort());
    for (const store of processes) expect(await store.expire()).toEqual([]);
  });

  test("of announcements at once each starts where another one ended", async () => {
    const store = createRedisPresenceStore(redis().client);
    const ada = userId(uuidv7());
    const devices = ["a", "b", "c", "d"].map(deviceId);
    const changes = await Promise.all(devices.map((device) => store.announce(ada, device, "online")));
    expect(changes.filter(({ before }) => before.status === "offline")).toHaveLength(1);
  });

  test("without a clock of its own, the time is that of Redis", async () => {
    const store = createRedisPresenceStore(redis().client);
    const ada = userId(uuidv7());
    const { after } = await store.announce(ada, phone, "online");
    expect(Math.abs(after.onlineAt - Date.now())).toBeLessThan(60_000);
    expect(await store.read([ada])).toEqual([after]);
    expect(await store.expire()).toEqual([]);
  });

  test("what nobody looks after is gone after twice its time", async () => {
    const ada = userId(uuidv7());
    await createRedisPresenceStore(redis().client).announce(ada, phone, "online");
    for (const key of [`presence:user:${ada}`, "presence:heard"]) {
      const left = await redis().client.pttl(key);
      expect(left).toBeGreaterThan(statusTtlMs);
      expect(left).toBeLessThanOrEqual(2 * statusTtlMs);
    }
  });

  test("devices beyond the capacity are not taken in until others are forgotten", async () => {
    const store = createRedisPresenceStore(redis().client, { capacity: 1 });
    const [ada, bob] = [userId(uuidv7()), userId(uuidv7())];
    await store.announce(ada, phone, "online");
    expect((await store.announce(bob, phone, "online")).after.status).toBe("offline");
    await store.announce(ada, phone, "offline");
    expect((await store.announce(bob, phone, "online")).after.status).toBe("online");
  });
});
