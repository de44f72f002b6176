import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { LogService } from "#gen/parley/log/v1/log_pb.js";
import { PackedRecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { newConversationId } from "#platform/runtime/ids.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { openTestPair } from "#platform/testing/peers.ts";
import { bulkRecordOf, eventOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { describeEventLog } from "./event-log.contract.ts";
import type { EventLog } from "./event-log.ts";
import { createRemoteEventLog } from "./event-log-remote.ts";
import { openFollowing } from "./following-log.ts";
import { logService } from "./log-service.ts";

/** A log, and how another process sees it; `shownBy` changes what it shows to followers. */
async function openBoth(shownBy = (log: EventLog) => log) {
  const log = await openTestLog();
  const stopping = new AbortController();
  const following = { shards: 0, watermark: () => 0 };
  const service = logService({
    log: shownBy(log),
    following,
    installationId: "",
    incarnation: 1,
    stopping: stopping.signal,
  });
  const pair = await openTestPair([], (serve) => serve(LogService, service));
  const remote = createRemoteEventLog(createClient(LogService, pair.transport));
  onTestFinished(async () => {
    await remote.close();
    await pair.close();
  });
  return { log, remote, pair, stopping };
}

describeEventLog("sqlite, read from another process", async (): Promise<EventLog> => {
  const { log, remote } = await openBoth();
  const close = async () => {
    await remote.close();
    await log.close();
  };
  return { ...remote, append: log.append, trim: log.trim, fullness: log.fullness, close };
});

test("only the process that holds the log changes it", async () => {
  const { remote } = await openBoth();
  await expect(remote.append(0, 0, bulkRecordOf(1, 1))).rejects.toThrow("held by another process");
  await expect(remote.trim(0, 1)).rejects.toThrow("held by another process");
});

test("following goes on where it was when the connection comes back", async () => {
  const { log, remote, pair } = await openBoth();
  const shown: number[] = [];
  const onRecord = ({ position }: { position: bigint }) => void shown.push(Number(position));
  remote.follow(0, 1, { onRecord, onTail: () => {} }, AbortSignal.timeout(10_000));
  for (let position = 1; position <= 5; position++) {
    await log.append(0, position - 1, bulkRecordOf(position, 1));
    await until(() => (shown.length === position ? "" : `${shown.length} shown`));
    pair.connections.cut();
  }
  expect(shown).toEqual([1, 2, 3, 4, 5]);
});

test("a record that was damaged stops who follows from another process as it stops who follows here", async () => {
  const header = Uint8Array.of(0x0a, 9);
  const event = toBinary(EventSchema, eventOf(newConversationId(0), 1));
  const { remote } = await openBoth((log) => ({
    ...log,
    follow: (_shard, _from, follower) =>
      follower.onRecord(create(PackedRecordSchema, { position: 1n, incarnation: 1n, entries: [{ event, header }] })),
  }));
  const logger = pino({ level: "silent" });
  const following = await openFollowing({ log: remote, shards: 1, logger, watermark: async () => 0 });
  onTestFinished(() => following.close());
  await until(() => (following.stopped(0) ? "" : "it goes on"));
  expect(following.stopped(0)).toMatch(/^position 1 can't be read/);
});

test("followers do not keep the process that holds the log from stopping", async () => {
  const { log, remote, pair, stopping } = await openBoth();
  await log.append(0, 0, bulkRecordOf(1, 1));
  let shown = 0;
  remote.follow(0, 1, { onRecord: () => shown++, onTail: () => {} }, AbortSignal.timeout(10_000));
  await until(() => (shown === 1 ? "" : "nothing shown"));
  pair.core.refuse();
  stopping.abort();
  await pair.core.finish(10_000);
  expect(await pair.core.metrics.metrics()).toContain('parley_rpc_running{method="parley.log.v1.LogService/Follow"} 0');
});
