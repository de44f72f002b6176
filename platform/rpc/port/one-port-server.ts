import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Registry } from "prom-client";
import type { AddressOf, Exchange } from "../exchange/exchange.ts";
import { Http1Exchange } from "../exchange/http1-exchange.ts";
import { Http2Exchange } from "../exchange/http2-exchange.ts";
import { createAccept, noOpenLimits, type OpenLimits } from "./connection-limits.ts";
import { createAddressOf } from "./forwarded.ts";
import { createHttp1Side, type OnUpgrade } from "./http1-side.ts";
import { createHttp2Side } from "./http2-side.ts";
import { type PortLimits, portLimits } from "./port-limits.ts";
import { createPortMetrics, type HttpVersion } from "./port-metrics.ts";
import { sniffProtocol } from "./protocol-sniffing.ts";
import { setRemoteAddress } from "./proxy-protocol.ts";
import { type Certificate, createTlsSide, type TakeConnection } from "./tls-side.ts";
import { createTrust, type TrustedProxies } from "./trusted-proxies.ts";

export interface OnePortOptions {
  readonly host: string;
  readonly port: number;
  /** Several processes listen on the port: the kernel gives each connection to one of them. */
  readonly reusePort?: boolean;
  readonly tls?: Certificate;
  readonly limits?: PortLimits;
  /** Absent: none is trusted. */
  readonly proxies?: TrustedProxies;
  /** Absent: there are none. Calls are limited by who answers them. */
  readonly openLimits?: OpenLimits;
  readonly metrics?: Registry;
  readonly onExchange: (exchange: Exchange) => void;
  /** Takes connections that are to become WebSockets. Absent: nothing is upgraded. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer, addressOf: AddressOf) => void;
}

/** HTTP/1.1 and HTTP/2 on one port: cleartext by prior knowledge, TLS by ALPN. */
export interface OnePortServer {
  readonly url: string;
  /** Takes no more connections, lets go of idle ones and tells the others to finish (GOAWAY, `connection: close`). */
  refuse(): void;
  /** Cuts what is still open. Closing twice is harmless. */
  close(): Promise<void>;
}

const noProxies: TrustedProxies = { ranges: [], header: "x-forwarded-for" };

type Pass = (socket: Socket, version: HttpVersion) => void;

export async function listenOnOnePort(options: OnePortOptions): Promise<OnePortServer> {
  const { limits = portLimits, proxies = noProxies, openLimits = noOpenLimits, onExchange, onUpgrade, tls } = options;
  const metrics = createPortMetrics(options.metrics ?? new Registry());
  const isTrusted = createTrust(proxies.ranges);
  const addressOf = createAddressOf(isTrusted, proxies.header);
  const isShared = ({ remoteAddress = "" }: Socket) => proxies.header !== "proxy-v2" && isTrusted(remoteAddress);
  let refusing = false;
  const onHttp1: RequestListener = (request, response) => {
    if (refusing) response.setHeader("connection", "close");
    onExchange(new Http1Exchange(request, response, addressOf));
  };
  const upgrade: OnUpgrade | undefined = onUpgrade && ((...request) => onUpgrade(...request, addressOf));
  const http1 = createHttp1Side(onHttp1, limits, upgrade);
  const http2 = createHttp2Side((stream, headers) => onExchange(new Http2Exchange(stream, headers, addressOf)), limits);
  const pass: Pass = (socket, version) => {
    metrics.opened(socket, version);
    if (version === "http2") http2.adopt(socket, isShared(socket));
    else http1.emit("connection", socket);
  };
  const take = tls ? createTlsSide(tls, limits.headersMs, pass) : createCleartextSide(limits.headersMs, pass);
  const accept = createAccept(proxies, openLimits, metrics.refused);
  const port = createServer({ noDelay: true });
  const sockets = trackSockets(port);
  port.on("connection", (socket: Socket) => accept(socket, (client) => take(socket, client)));
  port.on("drop", () => metrics.refused("port"));
  if (openLimits.connections > 0) port.maxConnections = openLimits.connections;
  port.listen({ port: options.port, host: options.host, reusePort: options.reusePort ?? false });
  await once(port, "listening");
  return {
    url: urlOf(port, options),
    refuse() {
      refusing = true;
      port.close();
      http1.closeIdleConnections();
      http2.refuse();
    },
    async close() {
      port.close();
      http1.close();
      http2.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** All sockets share their listeners: there are many of them. */
function trackSockets(port: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  function closed(this: Socket): void {
    sockets.delete(this);
  }
  function failed(this: Socket): void {
    this.destroy();
  }
  port.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", closed);
    socket.on("error", failed);
  });
  return sockets;
}

function createCleartextSide(timeoutMs: number, pass: Pass): TakeConnection {
  return (socket, client) => {
    if (client !== undefined) setRemoteAddress(socket, client);
    sniffProtocol(socket, timeoutMs, (version) => pass(socket, version));
  };
}

function urlOf(server: Server, { tls, host }: OnePortOptions): string {
  const address = server.address() as AddressInfo;
  return `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}
