import { once } from "node:events";
import type { RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { createHttp1Side } from "./http1-side.ts";
import { createHttp2Side } from "./http2-side.ts";
import type { NodeRequest, NodeResponse } from "../node-request.ts";
import { maxConnections, type PortTimes, portTimes } from "./port-limits.ts";
import { sniffProtocol } from "./protocol-sniffing.ts";

export interface OnePortOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  readonly times?: PortTimes;
  readonly onRequest: (request: NodeRequest, response: NodeResponse) => void;
}

/** HTTP/1.1 and HTTP/2 on one port: cleartext by prior knowledge, TLS by ALPN. */
export interface OnePortServer {
  readonly url: string;
  /** Takes no more connections, lets go of idle ones and tells the others to finish (GOAWAY, `connection: close`). */
  refuse(): void;
  /** Cuts what is still open. Closing twice is harmless. */
  close(): Promise<void>;
}

type Pass = (socket: Socket, protocol: "http1" | "http2") => void;

export async function listenOnOnePort(options: OnePortOptions): Promise<OnePortServer> {
  const { times = portTimes, onRequest, tls } = options;
  let refusing = false;
  const onHttp1: RequestListener = (request, response) => {
    if (refusing) response.setHeader("connection", "close");
    onRequest(request, response);
  };
  const http1 = createHttp1Side(onHttp1, times);
  const http2 = createHttp2Side(onRequest, times);
  const pass: Pass = (socket, protocol) =>
    void (protocol === "http2" ? http2.server : http1).emit("connection", socket);
  const port = tls ? createTlsPort(tls, times, pass) : createCleartextPort(times, pass);
  const sockets = trackSockets(port);
  port.maxConnections = maxConnections;
  port.listen(options.port, options.host);
  await once(port, "listening");
  return {
    url: urlOf(port, options),
    refuse() {
      refusing = true;
      port.close();
      http1.closeIdleConnections();
      for (const session of http2.sessions) session.close();
    },
    async close() {
      port.close();
      http1.close();
      http2.server.close();
      for (const session of http2.sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function trackSockets(port: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  port.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  return sockets;
}

function createCleartextPort(times: PortTimes, pass: Pass): Server {
  return createTcpServer({ noDelay: true }, (socket) => {
    sniffProtocol(socket, times.sniff, (protocol) => pass(socket, protocol));
  });
}

function createTlsPort({ cert, key }: { cert: Buffer; key: Buffer }, times: PortTimes, pass: Pass): Server {
  const options = { cert, key, ALPNProtocols: ["h2", "http/1.1"], handshakeTimeout: times.sniff, noDelay: true };
  const server = createTlsServer(options, (socket) => {
    socket.on("error", () => socket.destroy());
    pass(socket, socket.alpnProtocol === "h2" ? "http2" : "http1");
  });
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return server;
}

function urlOf(server: Server, { tls, host }: OnePortOptions): string {
  const address = server.address() as AddressInfo;
  return `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}
