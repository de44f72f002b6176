import type { Transport } from "@connectrpc/connect";
import { platformErrors } from "../errors.ts";
import { createPeerConnections, type PeerConnections } from "./connections.ts";
import { createRemoteTransport } from "./remote.ts";

/** Another process, by the URL under which it is reached. */
export interface Peer {
  readonly connections: PeerConnections;
  readonly transport: Transport;
}

/** Connections to the other processes of an installation, which come and go. */
export interface PeerPool {
  /** The process at an address, whether it is known to run or not. */
  at(address: string): Peer;
  /**
   * One of several processes that do the same: the preferred one, if it is among them and a connection to it is open;
   * else any of those that a connection is open to; else any at all. Undefined where there is none.
   */
  oneOf(addresses: readonly string[], preferred?: string): Peer | undefined;
  /**
   * Lets go of all processes but these, once they have been away for a while: one that was busy answers yet, and one that
   * stands still would hold its calls until they time out.
   */
  keep(addresses: readonly string[]): void;
  /** Cuts all for good. Closing twice is harmless. */
  close(): void;
}

/** Most processes that connections are kept to; the one that was used longest ago is let go of. */
export const maxPeers = 1024;

/** How long calls to a process go on that was taken for gone. */
export const goneMs = 2_000;

export function createPeerPool(key: Uint8Array): PeerPool {
  const peers = new Map<string, Peer>();
  const leaving = new Map<string, NodeJS.Timeout>();
  let isClosed = false;

  const stay = (address: string) => {
    clearTimeout(leaving.get(address));
    leaving.delete(address);
  };
  const forget = (address: string) => {
    stay(address);
    peers.get(address)?.connections.close();
    peers.delete(address);
  };
  const at = (address: string): Peer => {
    if (isClosed) throw platformErrors.PEER_UNREACHABLE({ message: "the process is stopping" });
    const known = peers.get(address);
    const peer = known ?? connect(address, key);
    peers.delete(address);
    peers.set(address, peer);
    const [oldest] = peers.keys();
    if (peers.size > maxPeers && oldest !== undefined) forget(oldest);
    return peer;
  };

  return {
    at,
    oneOf(addresses, preferred) {
      if (preferred !== undefined && addresses.includes(preferred) && isOpen(at(preferred))) return at(preferred);
      const all = addresses.map(at);
      const open = all.filter(isOpen);
      return anyOf(open.length > 0 ? open : all);
    },
    keep(addresses) {
      const kept = new Set(addresses);
      for (const address of peers.keys()) {
        if (kept.has(address)) stay(address);
        else if (!leaving.has(address)) leaving.set(address, setTimeout(forget, goneMs, address).unref());
      }
    },
    close() {
      isClosed = true;
      for (const address of peers.keys()) forget(address);
    },
  };
}

/** By chance: with turns that several kinds of calls share, one kind may come to the same process each time. */
function anyOf(peers: readonly Peer[]): Peer | undefined {
  return peers[Math.floor(Math.random() * peers.length)];
}

function isOpen({ connections }: Peer): boolean {
  return connections.isOpen();
}

function connect(address: string, key: Uint8Array): Peer {
  const connections = createPeerConnections(address);
  return { connections, transport: createRemoteTransport(connections, key) };
}
