import { expect, test } from "vitest";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { LastSeenStore } from "./last-seen-store.ts";

/** What holds of every engine that last seen is kept in. */
export function describeLastSeenStore(engine: string, open: () => LastSeenStore): void {
  test(`${engine}: a time never goes back`, async () => {
    const store = open();
    const [ada, bob, nobody] = [userId(uuidv7()), userId(uuidv7()), userId(uuidv7())];
    await store.advance(ada, 2_000);
    await store.advance(ada, 1_000);
    await store.advance(bob, 1_000);
    await store.advance(bob, 3_000);
    expect(await store.read([ada, bob, nobody])).toEqual(
      new Map([
        [ada, 2_000],
        [bob, 3_000],
      ]),
    );
  });
}
