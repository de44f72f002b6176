import type { ServiceImpl } from "@connectrpc/connect";
import type { PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import { busService } from "#platform/bus/bus-service.ts";
import type { Engines } from "./engines.ts";

/** Tells other processes of the installation what all of them share. */
export function peerService(engines: Engines, stopping: AbortSignal): ServiceImpl<typeof PeerService> {
  return {
    ...busService(engines.bus, stopping),
    async getInstallation() {
      return {
        id: engines.installationId,
        incarnation: engines.incarnation,
        shards: engines.following.shards,
        sealingKey: engines.sealingKey,
      };
    },
  };
}
