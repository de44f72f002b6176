import type { Socket } from "node:net";
import { createOpenLimit, type OpenLimit } from "./open-limit.ts";
import type { Refusal } from "./port-metrics.ts";
import { proxyHeaderMs, readProxyHeader } from "./proxy-protocol.ts";
import { createTrust, type TrustedProxies } from "./trusted-proxies.ts";

/** What may be open at a time. 0 in any of these: no limit. */
export interface OpenLimits {
  /** Connections of the whole port. */
  readonly connections: number;
  /** Connections of one client address, behind proxies that speak PROXY v2, too. */
  readonly connectionsPerAddress: number;
  /** Connections of one trusted proxy. */
  readonly connectionsPerProxy: number;
  /** Calls and streams of one client address: all behind proxies that tell it in headers, else those without a token. */
  readonly callsPerAddress: number;
}

export const noOpenLimits: OpenLimits = {
  connections: 0,
  connectionsPerAddress: 0,
  connectionsPerProxy: 0,
  callsPerAddress: 0,
};

/**
 * Lets a connection in, counted until it closes, or closes it at once. `client` is whose it is, where a proxy said it
 * before the first byte.
 */
export type Accept = (socket: Socket, onAccepted: (client: string | undefined) => void) => void;

export function createAccept(
  proxies: TrustedProxies,
  limits: OpenLimits,
  onRefused: (reason: Refusal) => void,
): Accept {
  const isTrusted = createTrust(proxies.ranges);
  const ofAddress = createOpenLimit(limits.connectionsPerAddress);
  // Neighbours in one network may well be several proxies.
  const ofProxy = createOpenLimit(limits.connectionsPerProxy, (address) => address);
  const refuse = (socket: Socket, reason: Refusal) => {
    onRefused(reason);
    socket.destroy();
  };
  const enter = (limit: OpenLimit, socket: Socket, address: string, reason: Refusal) => {
    const leave = limit.enter(address);
    if (leave) socket.on("close", leave);
    else refuse(socket, reason);
    return leave !== undefined;
  };
  return (socket, onAccepted) => {
    const peer = socket.remoteAddress ?? "";
    if (!isTrusted(peer)) {
      if (enter(ofAddress, socket, peer, "address")) onAccepted(undefined);
      return;
    }
    if (!enter(ofProxy, socket, peer, "proxy")) return;
    if (proxies.header !== "proxy-v2") return onAccepted(undefined);
    readProxyHeader(
      socket,
      proxyHeaderMs,
      ({ client }) => {
        if (client === undefined || enter(ofAddress, socket, client, "address")) onAccepted(client);
      },
      () => onRefused("proxy_header"),
    );
  };
}
