import { createClient } from "@connectrpc/connect";
import type { Logger } from "pino";
import { LogService } from "#gen/parley/log/v1/log_pb.js";
import { PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { createRemoteBus } from "#platform/bus/bus-remote.ts";
import { createRemoteEventLog } from "#platform/log/event-log-remote.ts";
import { openFollowing, type RunningFollowing } from "#platform/log/following-log.ts";
import { callAs } from "#platform/rpc/identity.ts";
import type { Core } from "./core.ts";
import type { Engines } from "./engines.ts";

/** How often it is asked what the store holds: until then the ring keeps it. */
export const watermarkMs = 1_000;

const asking = () => callAs({ kind: "service", name: "log" }, { timeoutMs: 5_000 });

/** What a process stands on that keeps no data itself: the core's log is followed, its bus is listened to. */
export async function openRemoteEngines(core: Core, logger: Logger): Promise<Engines> {
  const { id: installationId, incarnation, shards, sealingKey } = core.installation;
  const client = createClient(LogService, core.transport);
  const log = createRemoteEventLog(client);
  const bus = createRemoteBus(createClient(PeerService, core.transport), createMemoryBus());
  const { positions } = await client.getWatermarks({}, asking());
  const watermark = async (shard: number) => Number(positions[shard] ?? 0);
  const following = await openFollowing({ log, shards, logger, watermark });
  const stopAsking = keepWatermarks(following, async () => {
    const answer = await client.getWatermarks({}, asking());
    if (answer.installationId === installationId && answer.incarnation === incarnation) return answer.positions;
    throw new OtherLife();
  });
  return {
    get store(): never {
      throw new Error("this process keeps no data");
    },
    log,
    following,
    incarnation,
    installationId,
    sealingKey,
    bus,
    snapshots: { store: noSnapshot, log: noSnapshot },
    async close() {
      stopAsking();
      following.close();
      bus.close();
      await log.close();
      core.connections.close();
    },
  };
}

/** The core was started on other data, or on an older state of them. */
class OtherLife extends Error {}

function keepWatermarks(following: RunningFollowing, ask: () => Promise<bigint[]>): () => void {
  let isAsking = false;
  const look = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      for (const [shard, position] of (await ask()).entries()) following.projected(shard, Number(position));
    } catch (error) {
      if (error instanceof OtherLife) stopAll(following);
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => void look(), watermarkMs).unref();
  return () => clearInterval(timer);
}

function stopAll(following: RunningFollowing): void {
  for (let shard = 0; shard < following.shards; shard++) {
    if (!following.stopped(shard)) following.stop(shard, "the core has other data now: start this process again");
  }
}

async function noSnapshot(): Promise<void> {
  throw new Error("this process keeps no data");
}
