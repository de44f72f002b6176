import { createClient } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import { LogService } from "#gen/parley/log/v1/log_pb.js";
import { openTestLog } from "#platform/testing/log.ts";
import { openTestPair } from "#platform/testing/peers.ts";
import { bulkRecordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { describeEventLog } from "./event-log.contract.ts";
import type { EventLog } from "./event-log.ts";
import { createRemoteEventLog } from "./event-log-remote.ts";
import { logService } from "./log-service.ts";

/** A log, and how another process sees it. */
async function openBoth() {
  const log = await openTestLog();
  const stopping = new AbortController();
  const following = { shards: 0, watermark: () => 0 };
  const service = logService({ log, following, installationId: "", incarnation: 1, stopping: stopping.signal });
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
