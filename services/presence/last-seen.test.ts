import { join } from "node:path";
import pino from "pino";
import { expect, test } from "vitest";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import { useSqliteStore } from "#platform/testing/store.ts";
import { createLastSeen } from "./last-seen.ts";
import { createSqliteLastSeenStore } from "./stores/last-seen-store-sqlite.ts";

const store = useSqliteStore(join(import.meta.dirname, "stores/migrations/sqlite"));

test("a bounded number of times waits to be written; what finds no room is known all the same", async () => {
  const stored = createSqliteLastSeenStore(store());
  const lastSeen = createLastSeen(stored, pino({ level: "silent" }), 1);
  const [ada, bob, eve] = [userId(uuidv7()), userId(uuidv7()), userId(uuidv7())];
  const start = 1_700_000_000_000;
  // The first is under way at once, the second waits.
  for (const user of [ada, bob, eve]) lastSeen.note(user, start, false);
  lastSeen.note(bob, start + 1, true);
  await lastSeen.written();
  expect(await stored.read([ada, bob, eve])).toEqual(
    new Map([
      [ada, start],
      [bob, start + 1],
    ]),
  );
  expect(lastSeen.recent(eve)).toBe(start);
  lastSeen.note(eve, start + 1, true);
  await lastSeen.written();
  expect(await stored.read([eve])).toEqual(new Map([[eve, start + 1]]));
});
