import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { NatsEngine } from "#platform/engines/nats.ts";
import { createSqliteCheckpoints } from "#platform/log/checkpoints/checkpoint-store-sqlite.ts";
import { type EventLog, lastPosition } from "#platform/log/event-log.ts";
import { openJetStreamEventLog } from "#platform/log/event-log-jetstream.ts";
import { shardNames } from "#platform/log/jetstream/shard-names.ts";
import { newConversationId } from "#platform/runtime/ids.ts";
import { openNatsInstallation } from "#platform/runtime/installation-nats.ts";
import { createSqliteInstallation } from "#platform/runtime/installation-sqlite.ts";
import { openTestNats } from "#platform/testing/nats.ts";
import { eventOf, recordOf } from "#platform/testing/records.ts";
import { useSqliteStore } from "#platform/testing/store.ts";
import { isLogged, loggedHash } from "./projector/verify-checkpoints.ts";
import { planRecovery, type RecoveryParts, recover } from "./recovery.ts";
import { projectorName } from "./stores/projection-store.ts";

const platform = join(import.meta.dirname, "../../platform");
const checkpointFile = useSqliteStore(join(platform, "log/checkpoints/migrations/sqlite"));
const installationFile = useSqliteStore(join(platform, "runtime/migrations/sqlite"));
const shards = 2;

async function openLog(engine: NatsEngine): Promise<EventLog> {
  const log = await openJetStreamEventLog({ engine, shards });
  onTestFinished(() => log.close());
  return log;
}

/** Appends messages, one a record, and returns where the shard ends. */
async function post(log: EventLog, shard: number, count: number): Promise<number> {
  const id = newConversationId(shard);
  for (let position = 1; position <= count; position++) {
    expect(await log.append(shard, position - 1, recordOf(position, [eventOf(id, position)]))).toBe("appended");
  }
  return count;
}

test("where a stream was lost and made again, its shard goes on from the store and the others as they are", async () => {
  const engine = await openTestNats(1);
  const { streams } = engine.jetstreamManager;
  onTestFinished(async () => void (await streams.delete(`KV_${engine.name}_installation`)));
  const log = await openLog(engine);
  const checkpoints = createSqliteCheckpoints(checkpointFile());
  for (let shard = 0; shard < shards; shard++) {
    const position = await post(log, shard, 5);
    const entryHash = (await loggedHash(log, shard, position)) ?? new Uint8Array();
    await checkpoints.write(projectorName, shard, { incarnation: 1, position, entryHash });
  }
  const { row: inLog } = await openNatsInstallation(engine);
  const inStore = createSqliteInstallation(installationFile());
  for (const row of [inStore, inLog]) await row.replace(undefined, { id: "this", incarnation: 1 });
  const parts: RecoveryParts = {
    log,
    checkpoints,
    installation: { store: inStore, log: inLog },
    shards,
    clock: Date.now,
  };
  expect((await planRecovery(parts)).lost).toEqual([]);

  await log.close();
  await streams.delete(shardNames(engine.name, 0).stream);
  const again = { ...parts, log: await openLog(engine) };
  await post(again.log, 0, 2);

  const plan = await planRecovery(again);
  expect(plan).toMatchObject({ incarnation: 2, lost: [{ shard: 0, tail: 2, applied: 5 }] });
  await recover(again, plan);
  expect([await inLog.read(), await inStore.read()]).toEqual(Array(2).fill({ id: "this", incarnation: 2 }));
  expect((await again.log.read(0, 0)).map(lastPosition)).toEqual([3]);
  const checkpoint = await checkpoints.read(projectorName, 0);
  expect(checkpoint).toMatchObject({ incarnation: 2, position: 3 });
  expect(await isLogged(again.log, 0, 3, checkpoint?.entryHash ?? new Uint8Array())).toBe(true);
  expect(await again.log.read(1, 0)).toHaveLength(5);
  expect((await planRecovery(again)).lost).toEqual([]);
});
