import { once } from "node:events";
import { createServer as createHttp1Server, type Server as Http1Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { sniffProtocol } from "./protocol-sniffing.ts";
import type { NodeRequest, NodeResponse } from "./rpc-handler.ts";

/** How long a connection may take to say which protocol it speaks, TLS handshake included. */
export const sniffTimeoutMs = 10_000;
/** How long an HTTP/1.1 client may take to send the headers of a request. */
export const headersTimeoutMs = 10_000;
/** How long an HTTP/1.1 client may take to send a whole request. */
export const requestTimeoutMs = 60_000;
/** How long an HTTP/2 connection without a stream may stay. */
export const idleSessionMs = 300_000;
/** Most bytes of the headers of one request. */
export const maxHeaderBytes = 16 * 1024;
/** Most streams that one HTTP/2 connection may have open. */
export const maxConcurrentStreams = 256;

export interface OnePortOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
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

export async function listenOnOnePort(options: OnePortOptions): Promise<OnePortServer> {
  const http1 = createHttp1(options);
  const http2 = createHttp2(options);
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  const port = options.tls ? listenTls(options.tls, http1, http2) : listenCleartext(http1, http2);
  port.on("connection", onConnection);
  port.listen(options.port, options.host);
  await once(port, "listening");
  const sessions = trackSessions(http2);
  return {
    url: urlOf(port, options),
    refuse() {
      port.close();
      http1.closeIdleConnections();
      for (const session of sessions) session.close();
    },
    async close() {
      port.close();
      http1.closeAllConnections();
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      http1.close();
      http2.close();
    },
  };
}

function createHttp1({ onRequest }: OnePortOptions): Http1Server {
  const server = createHttp1Server(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: maxHeaderBytes,
    },
    onRequest,
  );
  // A server that is fed sockets and never listens does not check its timeouts until it is told that it listens.
  server.emit("listening");
  return server;
}

function createHttp2({ onRequest }: OnePortOptions): Http2Server {
  const server = createHttp2Server(
    {
      maxSessionMemory: 64,
      settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes },
    },
    onRequest,
  );
  server.setTimeout(idleSessionMs);
  server.on("sessionError", () => {});
  return server;
}

function trackSessions(server: Http2Server): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  return sessions;
}

function listenCleartext(http1: Http1Server, http2: Http2Server): Server {
  return createTcpServer({ noDelay: true }, (socket) => {
    sniffProtocol(socket, sniffTimeoutMs, (protocol) => {
      (protocol === "http2" ? http2 : http1).emit("connection", socket);
    });
  });
}

function listenTls({ cert, key }: { cert: Buffer; key: Buffer }, http1: Http1Server, http2: Http2Server): Server {
  const options = { cert, key, ALPNProtocols: ["h2", "http/1.1"], handshakeTimeout: sniffTimeoutMs, noDelay: true };
  const server = createTlsServer(options, (socket) => {
    (socket.alpnProtocol === "h2" ? http2 : http1).emit("connection", socket);
  });
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return server;
}

function urlOf(server: Server, { tls, host }: OnePortOptions): string {
  const { port } = server.address() as AddressInfo;
  const name = host.includes(":") ? `[${host}]` : host;
  return `${tls ? "https" : "http"}://${name}:${port}`;
}
