import type { Socket } from "node:net";
import { Counter, Gauge, type Registry } from "prom-client";

/**
 * Why a connection was closed as it came: its address, its proxy or the whole port had as many as allowed; or its proxy
 * did not say whose it is.
 */
export type Refusal = "address" | "proxy" | "port" | "proxy_header";

export type HttpVersion = "http1" | "http2";

export interface PortMetrics {
  refused(reason: Refusal): void;
  /** Counts a connection until it closes. */
  opened(socket: Socket, version: HttpVersion): void;
}

export function createPortMetrics(registry: Registry): PortMetrics {
  const registers = [registry];
  const refusals = new Counter({
    name: "parley_connections_refused_total",
    help: "Connections that were closed as they came, by reason.",
    labelNames: ["reason"],
    registers,
  });
  const open = new Gauge({
    name: "parley_connections",
    help: "Connections that are open, by version of HTTP.",
    labelNames: ["protocol"],
    registers,
  });
  const closed = { http1: () => open.dec({ protocol: "http1" }), http2: () => open.dec({ protocol: "http2" }) };
  return {
    refused: (reason) => refusals.inc({ reason }),
    opened(socket, protocol) {
      open.inc({ protocol });
      socket.on("close", closed[protocol]);
    },
  };
}
