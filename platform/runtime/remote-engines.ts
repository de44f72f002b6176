import { createClient } from "@connectrpc/connect";
import type { Logger } from "pino";
import { PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import { createMemoryBus } from "#platform/bus/bus-memory.ts";
import { createRemoteBus } from "#platform/bus/bus-remote.ts";
import { createMemoryFleet } from "#platform/fleet/fleet-memory.ts";
import type { Process } from "#platform/fleet/processes.ts";
import { createRemoteEventLog } from "#platform/log/event-log-remote.ts";
import { openFollowing } from "#platform/log/following-log.ts";
import type { Core } from "./core.ts";
import type { Engines } from "./engines.ts";
import { ownEphemeral } from "./open-ephemeral.ts";
import { askWatermarks, otherLife, type Told } from "./watermarks.ts";

/** What a process stands on that keeps no data itself: the core's log is followed, its bus is listened to. */
export async function openRemoteEngines(core: Core, logger: Logger, self: Process): Promise<Engines> {
  const { id: installationId, incarnation, shards, sealingKey } = core.installation;
  const watermarks = askWatermarks(core.transport);
  const log = createRemoteEventLog(watermarks.client);
  const bus = createRemoteBus(createClient(PeerService, core.transport), createMemoryBus());
  const positions = await watermarks.read();
  const watermark = async (shard: number) => Number(positions[shard] ?? 0);
  const following = await openFollowing({ log, shards, logger, watermark, incarnation });
  const whyNoMore = (told: Told) => otherLife(told, { id: installationId, incarnation }) ?? moreShards(told, shards);
  const stopAsking = watermarks.keep(following, whyNoMore);
  const { ephemeral, budgets } = ownEphemeral();
  return {
    get store(): never {
      throw new NoData();
    },
    get checkpoints(): never {
      throw new NoData();
    },
    get keys(): never {
      throw new NoData();
    },
    log,
    bus,
    fleet: createMemoryFleet(self),
    ephemeral,
    budgets,
    following,
    incarnation,
    installationId,
    sealingKey,
    notReady: () => [],
    async close() {
      stopAsking();
      following.close();
      bus.close();
      await log.close();
      core.connections.close();
    },
  };
}

/** What is said on those that were added, streams of this process would never hear of. */
function moreShards({ positions }: Told, shards: number): string | undefined {
  if (positions.length <= shards) return undefined;
  return `the core has ${positions.length} shards now, and this process follows ${shards}: start it again`;
}

/** A module that needs the store was started where there is none. */
export class NoData extends Error {
  override readonly name = "NoData";
  override readonly message = "this process keeps no data";
}
