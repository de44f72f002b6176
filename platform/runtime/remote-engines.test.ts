import { create } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import { LogService } from "#gen/parley/log/v1/log_pb.js";
import { GetInstallationResponseSchema, PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { busService } from "#platform/bus/bus-service.ts";
import { logService } from "#platform/log/log-service.ts";
import { openTestLog } from "#platform/testing/log.ts";
import { openTestPair } from "#platform/testing/peers.ts";
import { bulkRecordOf } from "#platform/testing/records.ts";
import { until } from "#platform/testing/until.ts";
import { createLogger } from "./logger.ts";
import { openRemoteEngines } from "./remote-engines.ts";

/** A core with one shard, of which a test decides what its store holds and which life it is in. */
async function stand() {
  const log = await openTestLog();
  const state = { watermark: 0, incarnation: 1, shards: 1 };
  const stopping = new AbortController().signal;
  const service = () =>
    logService({
      log,
      following: { shards: state.shards, watermark: () => state.watermark },
      installationId: "a",
      incarnation: state.incarnation,
      stopping,
    });
  const pair = await openTestPair([], (serve) => {
    serve(LogService, { ...service(), getWatermarks: (...call) => service().getWatermarks(...call) });
    serve(PeerService, busService(createMemoryBus(), stopping));
  });
  const installation = create(GetInstallationResponseSchema, { id: "a", incarnation: 1, shards: 1 });
  const engines = await openRemoteEngines({ ...pair, installation }, createLogger("silent"), {
    id: "gateway",
    address: "",
    modules: ["gateway"],
    shards: 4,
  });
  onTestFinished(async () => {
    await engines.close();
    await engines.close();
    await pair.close();
  });
  return { log, state, engines };
}

test("what the core appends is followed, and what its store holds is learned", async () => {
  const { log, state, engines } = await stand();
  await log.append(0, 0, bulkRecordOf(1, 3));
  expect(await engines.following.reached(0, 3, 5_000)).toBe(true);
  expect(engines.following.watermark(0)).toBe(0);
  state.watermark = 2;
  await until(() => (engines.following.watermark(0) === 2 ? "" : "not learned"));
});

test("a core that comes back in another life stops all shards", async () => {
  const { state, engines } = await stand();
  expect(engines.following.stopped(0)).toBeUndefined();
  state.incarnation = 2;
  await until(() => (engines.following.stopped(0)?.includes("start this process again") ? "" : "goes on"));
});

test("a core that comes back with more shards stops all that are followed", async () => {
  const { state, engines } = await stand();
  state.shards = 2;
  await until(() => (engines.following.stopped(0)?.includes("has 2 shards now") ? "" : "goes on"));
});

test("a process that stands beside another keeps no data", async () => {
  const { engines } = await stand();
  expect(() => engines.store).toThrow("keeps no data");
  expect(() => engines.checkpoints).toThrow("keeps no data");
});
