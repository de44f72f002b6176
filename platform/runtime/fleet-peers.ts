import type { DescService } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import type { Fleet } from "#platform/fleet/fleet.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { createPeerPool, type Peer } from "#platform/rpc/peers/peer-pool.ts";
import type { Elsewhere } from "./boot.ts";

/** The other processes of a fleet, by what they run. */
export interface FleetPeers extends Elsewhere {
  /** A process that runs the service, or undefined where none does now. */
  serving(service: DescService): Peer | undefined;
  /** Lets go of all. Closing twice is harmless. */
  close(): void;
}

/** `moduleOf` tells which module runs a service. */
export function reachFleet(fleet: Fleet, key: Uint8Array, moduleOf: (service: DescService) => string): FleetPeers {
  const pool = createPeerPool(key);
  const { processes, self } = fleet;
  const addresses = (module: string) =>
    processes.serving(module).flatMap(({ id, address }) => (id === self.id ? [] : [address]));
  const serving = (service: DescService) => pool.oneOf(addresses(moduleOf(service)));
  const reached = (service: DescService): Transport => {
    const peer = serving(service);
    if (!peer) throw platformErrors.PEER_UNREACHABLE({ message: `no process runs ${moduleOf(service)}` });
    return peer.transport;
  };
  const unlisten = processes.onChange(() => pool.keep(processes.running().map(({ address }) => address)));
  return {
    serving,
    anywhere: {
      unary: async (method, ...call) => await reached(method.parent).unary(method, ...call),
      stream: async (method, ...call) => await reached(method.parent).stream(method, ...call),
    },
    at: (address) => pool.at(address).transport,
    close() {
      unlisten();
      pool.close();
    },
  };
}
