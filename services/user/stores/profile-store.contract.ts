import fc from "fast-check";
import { expect, test } from "vitest";
import { Audience } from "#gen/parley/user/v1/user_pb.js";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { ProfileStore } from "./profile-store.ts";

/** What holds of every engine that profiles are kept in. */
export function describeProfileStore(engine: string, open: () => ProfileStore): void {
  const ada = () => ({ userId: userId(uuidv7()), handle: "ada", displayName: "Ada", about: "" });

  test(`${engine}: profiles are made once, and those that do not exist are left out`, async () => {
    const store = open();
    const profile = ada();
    await store.create([profile]);
    await store.create([{ ...profile, displayName: "Somebody else", about: "late" }]);
    expect(await store.read([userId(uuidv7()), profile.userId])).toEqual([profile]);
  });

  test(`${engine}: values that are not given stay`, async () => {
    const store = open();
    const profile = ada();
    await store.create([profile]);
    await store.update(profile.userId, { about: "counts" }, 1);
    await store.update(profile.userId, { displayName: "Ada L." }, 2);
    await store.update(profile.userId, {}, 3);
    expect(await store.read([profile.userId])).toEqual([{ ...profile, displayName: "Ada L.", about: "counts" }]);
  });

  test(`${engine}: a user without a profile stays without`, async () => {
    const store = open();
    const nobody = userId(uuidv7());
    await store.update(nobody, { about: "x" }, 1);
    await store.setLastSeenAudience(nobody, Audience.NOBODY, 1);
    expect(await store.read([nobody])).toEqual([]);
    expect(await store.readLastSeenAudience([nobody])).toEqual(new Map());
  });

  test(`${engine}: the audience of last seen is unspecified until it is set`, async () => {
    const store = open();
    const profile = ada();
    await store.create([profile]);
    expect(await store.readLastSeenAudience([profile.userId])).toEqual(new Map([[profile.userId, 0]]));
    await store.setLastSeenAudience(profile.userId, Audience.NOBODY, 2);
    await store.setLastSeenAudience(profile.userId, Audience.EVERYONE, 1);
    expect(await store.readLastSeenAudience([profile.userId])).toEqual(new Map([[profile.userId, Audience.NOBODY]]));
  });

  test(`${engine}: writes end the same in whatever order and however often they are applied`, async () => {
    const store = open();
    const write = fc.record({ about: fc.string({ maxLength: 3 }), time: fc.integer({ min: 1, max: 5 }) });
    const writes = fc.array(write, { minLength: 1, maxLength: 8 });
    const orders = writes.chain((all) =>
      fc.tuple(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.shuffledSubarray(all, { minLength: all.length }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(orders, async ([one, other]) => {
        const [first, second] = [ada(), ada()];
        await store.create([first, second]);
        for (const { about, time } of one) await store.update(first.userId, { about }, time);
        for (const { about, time } of [...other, ...one]) await store.update(second.userId, { about }, time);
        const found = await store.read([first.userId, second.userId]);
        expect(new Set(found.map(({ about }) => about)).size).toBe(1);
      }),
      { numRuns: 25 },
    );
  });
}
