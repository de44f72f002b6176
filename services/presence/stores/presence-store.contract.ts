import fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "#platform/runtime/clock.ts";
import { deviceId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { type Announcement, maxDevicesPerUser, type PresenceStore, statusTtlMs } from "./presence-store.ts";

/** What holds of every engine that presence is kept in. `open` makes an empty store that has the clock's time. */
export function describePresenceStore(engine: string, open: (clock: Clock) => Promise<PresenceStore>): void {
  const [phone, laptop] = [deviceId("phone"), deviceId("laptop")];

  async function openTimed() {
    let now = 0;
    const store = await open(() => now);
    const ada = userId(uuidv7());
    return {
      ada,
      announce: (time: number, device: typeof phone, announcement: Announcement) => {
        now = time;
        return store.announce(ada, device, announcement);
      },
      read: (time: number) => {
        now = time;
        return store.read([ada]);
      },
      status: async (time: number) => {
        now = time;
        return (await store.read([ada]))[0]?.status;
      },
      expire: (time: number) => {
        now = time;
        return store.expire();
      },
    };
  }

  test(`${engine}: the best of the devices counts`, async () => {
    const store = await openTimed();
    expect(await store.read(0)).toEqual([{ status: "offline", onlineAt: 0 }]);
    await store.announce(1, phone, "away");
    expect(await store.status(1)).toBe("away");
    await store.announce(2, laptop, "online");
    expect(await store.status(2)).toBe("online");
    expect(await store.announce(3, laptop, "offline")).toEqual({
      userId: store.ada,
      before: { status: "online", onlineAt: 2 },
      after: { status: "away", onlineAt: 3 },
    });
    expect((await store.announce(4, phone, "offline")).after).toEqual({ status: "offline", onlineAt: 0 });
  });

  test(`${engine}: a device that is still there keeps what it said`, async () => {
    const store = await openTimed();
    await store.announce(1, phone, "alive");
    expect(await store.status(1)).toBe("online");
    await store.announce(2, phone, "away");
    await store.announce(3, phone, "alive");
    expect(await store.read(3)).toEqual([{ status: "away", onlineAt: 2 }]);
  });

  test(`${engine}: a device is forgotten without news, and comes back online`, async () => {
    const store = await openTimed();
    await store.announce(0, phone, "away");
    await store.announce(1_000, laptop, "online");
    await store.announce(statusTtlMs - 1, phone, "alive");
    expect(await store.expire(statusTtlMs)).toEqual([]);
    expect(await store.expire(statusTtlMs + 1_000)).toEqual([
      { userId: store.ada, before: { status: "online", onlineAt: 1_000 }, after: { status: "away", onlineAt: 1_000 } },
    ]);
    expect(await store.status(2 * statusTtlMs)).toBe("offline");
    expect((await store.announce(2 * statusTtlMs, phone, "alive")).after.status).toBe("online");
    expect(await store.expire(2 * statusTtlMs)).toEqual([]);
  });

  test(`${engine}: devices beyond the number of one user are not taken in`, async () => {
    const store = await openTimed();
    for (let index = 0; index < maxDevicesPerUser; index++) {
      await store.announce(1, deviceId(`device ${index}`), "away");
    }
    expect((await store.announce(2, phone, "online")).after.status).toBe("away");
    await store.announce(3, deviceId("device 0"), "offline");
    expect((await store.announce(4, phone, "online")).after.status).toBe("online");
  });

  test(`${engine}: users do not count for each other`, async () => {
    const store = await open(() => 5);
    const [ada, bob, eve] = [userId(uuidv7()), userId(uuidv7()), userId(uuidv7())];
    await store.announce(bob, phone, "online");
    await store.announce(eve, phone, "away");
    expect(await store.read([eve, ada, bob])).toMatchObject([
      { status: "away" },
      { status: "offline" },
      { status: "online", onlineAt: 5 },
    ]);
    expect(await store.read([])).toEqual([]);
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
        const store = await openTimed();
        let now = 0;
        let told = "offline";
        for (const { device, announcement, pause } of steps) {
          now += pause;
          const changes = announcement ? [await store.announce(now, device, announcement)] : await store.expire(now);
          for (const { before, after } of changes) {
            expect(before.status).toBe(told);
            told = after.status;
          }
          if (!announcement) expect(told).toBe(await store.status(now));
        }
        for (const { after } of await store.expire(now + statusTtlMs)) told = after.status;
        expect(told).toBe("offline");
      }),
    );
  });
}
