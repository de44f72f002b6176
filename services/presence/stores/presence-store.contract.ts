import fc from "fast-check";
import { expect, test } from "vitest";
import { deviceId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { type Announcement, maxDevicesPerUser, type PresenceStore, statusTtlMs } from "./presence-store.ts";

/** What holds of every engine that presence is kept in. `open` makes an empty store. */
export function describePresenceStore(engine: string, open: () => PresenceStore): void {
  const ada = userId(uuidv7());
  const [phone, laptop] = [deviceId("phone"), deviceId("laptop")];
  const statusAt = async (store: PresenceStore, now: number) => (await store.read([ada], now))[0]?.status;

  test(`${engine}: the best of the devices counts`, async () => {
    const store = open();
    expect(await store.read([ada], 0)).toEqual([{ status: "offline", onlineAt: 0 }]);
    await store.announce(ada, phone, "away", 1);
    expect(await statusAt(store, 1)).toBe("away");
    await store.announce(ada, laptop, "online", 2);
    expect(await statusAt(store, 2)).toBe("online");
    expect(await store.announce(ada, laptop, "offline", 3)).toEqual({
      userId: ada,
      before: { status: "online", onlineAt: 2 },
      after: { status: "away", onlineAt: 3 },
    });
    expect((await store.announce(ada, phone, "offline", 4)).after).toEqual({ status: "offline", onlineAt: 0 });
  });

  test(`${engine}: a device that is still there keeps what it said`, async () => {
    const store = open();
    await store.announce(ada, phone, "alive", 1);
    expect(await statusAt(store, 1)).toBe("online");
    await store.announce(ada, phone, "away", 2);
    await store.announce(ada, phone, "alive", 3);
    expect(await store.read([ada], 3)).toEqual([{ status: "away", onlineAt: 2 }]);
  });

  test(`${engine}: a device is forgotten without news, and comes back online`, async () => {
    const store = open();
    await store.announce(ada, phone, "away", 0);
    await store.announce(ada, laptop, "online", 1_000);
    await store.announce(ada, phone, "alive", statusTtlMs - 1);
    expect(await store.expire(statusTtlMs)).toEqual([]);
    expect(await store.expire(statusTtlMs + 1_000)).toEqual([
      { userId: ada, before: { status: "online", onlineAt: 1_000 }, after: { status: "away", onlineAt: 1_000 } },
    ]);
    expect(await statusAt(store, 2 * statusTtlMs)).toBe("offline");
    expect((await store.announce(ada, phone, "alive", 2 * statusTtlMs)).after.status).toBe("online");
    expect(await store.expire(2 * statusTtlMs)).toEqual([]);
  });

  test(`${engine}: devices beyond the number of one user are not taken in`, async () => {
    const store = open();
    for (let index = 0; index < maxDevicesPerUser; index++) {
      await store.announce(ada, deviceId(`device ${index}`), "away", 1);
    }
    expect((await store.announce(ada, phone, "online", 2)).after.status).toBe("away");
    await store.announce(ada, deviceId("device 0"), "offline", 3);
    expect((await store.announce(ada, phone, "online", 4)).after.status).toBe("online");
  });

  test(`${engine}: changes tell every status that was reached, and none is shown longer than its time`, async () => {
    const announcement = fc.constantFrom<Announcement>("online", "away", "alive", "offline");
    const step = fc.record({
      device: fc.constantFrom(phone, laptop),
      announcement: fc.option(announcement),
      pause: fc.integer({ min: 0, max: statusTtlMs }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const store = open();
        let now = 0;
        let told = "offline";
        for (const { device, announcement, pause } of steps) {
          now += pause;
          const changes = announcement
            ? [await store.announce(ada, device, announcement, now)]
            : await store.expire(now);
          for (const { before, after } of changes) {
            expect(before.status).toBe(told);
            told = after.status;
          }
          if (!announcement) expect(told).toBe(await statusAt(store, now));
        }
        for (const { after } of await store.expire(now + statusTtlMs)) told = after.status;
        expect(told).toBe("offline");
      }),
    );
  });
}
