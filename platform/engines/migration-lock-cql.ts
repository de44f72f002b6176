import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { StartError } from "#platform/runtime/start-error.ts";
import type { CqlSession } from "./cql.ts";

/** The lock is free this long after its holder has died. Longer than any one statement takes. */
const lockSeconds = 60;
const pollMs = 250;
/** How long to wait for another that migrates. */
const waitMs = 180_000;

/**
 * Runs something that only one process may do at a time. `renew` is called before each step, and throws where the lock
 * was lost.
 */
export async function withMigrationLock<Result>(
  session: CqlSession,
  run: (renew: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const holder = randomUUID();
  const change = async (cql: string, params: readonly (string | number)[], now: string | undefined) => {
    const { applied } = await session.conditional({
      write: { cql, params },
      read: { cql: "SELECT holder FROM migration_lock WHERE name = ?", params: ["migrate"] },
      isWritten: (row) => row?.holder === now,
    });
    return applied;
  };
  const take = "INSERT INTO migration_lock (name, holder) VALUES (?, ?) IF NOT EXISTS USING TTL ?";
  const started = Date.now();
  while (!(await change(take, ["migrate", holder, lockSeconds], holder))) {
    if (Date.now() - started > waitMs) throw new StartError("Another migration is still running. Try again later.");
    await delay(pollMs);
  }
  const keep = "UPDATE migration_lock USING TTL ? SET holder = ? WHERE name = ? IF holder = ?";
  const renew = async () => {
    if (await change(keep, [lockSeconds, holder, "migrate", holder], holder)) return;
    throw new StartError("Another migration has taken over: this one slept too long.");
  };
  try {
    return await run(renew);
  } finally {
    await change("DELETE FROM migration_lock WHERE name = ? IF holder = ?", ["migrate", holder], undefined);
  }
}
