import type { DescService } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import type { Fleet } from "#platform/fleet/fleet.ts";
import type { Process } from "#platform/fleet/processes.ts";
import { platformErrors } from "#platform/rpc/errors.ts";
import { createPeerPool, type Peer } from "#platform/rpc/peers/peer-pool.ts";
import type { Elsewhere } from "./boot.ts";

/** The other processes of a fleet, by what they run. */
export interface FleetPeers extends Elsewhere {
  /** A process that runs the service: the owner, if it can be called, else any. Undefined where none does now. */
  serving(service: DescService, owner?: Process): Peer | undefined;
  /** Why they can't be called now, one sentence a reason; empty: all services that run elsewhere can. */
  notReady(): string[];
  /** Lets go of all. Closing twice is harmless. */
  close(): void;
}

export interface FleetPeersOptions {
  readonly fleet: Fleet;
  readonly key: Uint8Array;
  /** Which module runs a service. */
  readonly moduleOf: (service: DescService) => string;
  /** The services that this process needs from others. */
  readonly elsewhere: readonly DescService[];
}

/** Connections are kept to those that serve what is needed, so that one that can't be reached is known before it is called. */
export function reachFleet({ fleet, key, moduleOf, elsewhere }: FleetPeersOptions): FleetPeers {
  const pool = createPeerPool(key);
  const { processes, self } = fleet;
  const modules = [...new Set(elsewhere.map(moduleOf))];
  const addresses = (module: string) =>
    processes.serving(module).flatMap(({ address }) => (address === self.address ? [] : [address]));
  const serving = (service: DescService, owner?: Process) => pool.oneOf(addresses(moduleOf(service)), owner?.address);
  const reached = (service: DescService): Transport => {
    const peer = serving(service);
    if (!peer) throw platformErrors.PEER_UNREACHABLE({ message: `no process runs ${moduleOf(service)}` });
    return peer.transport;
  };
  const notReachable = (module: string): string | undefined => {
    const reasons = addresses(module).map((address) => pool.at(address).connections.notReady());
    if (reasons.length === 0) return `no process runs ${module}`;
    return reasons.every((reason) => reason !== undefined) ? `${module}: ${reasons[0]}` : undefined;
  };
  const notReachables = () => modules.map(notReachable).filter((reason) => reason !== undefined);
  const unlisten = processes.onChange(() => {
    pool.keep(processes.running().map(({ address }) => address));
    notReachables();
  });
  return {
    serving,
    notReady: () => [...sameAddress(fleet), ...notReachables()],
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

/** Others would call one process and mean another. */
function sameAddress({ self, processes }: Fleet): string[] {
  const other = processes.running().find(({ id, address }) => id !== self.id && address === self.address);
  if (!other) return [];
  return [`another process is reached at ${self.address}, too: give each a PARLEY_ADVERTISE of its own`];
}
