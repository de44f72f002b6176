import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { createOneByOne } from "./one-by-one.ts";
import type { PortLimits } from "./port-limits.ts";

/** How often requests that take too long are looked for. */
const checkMs = 1_000;

/** Takes a connection that is to become a WebSocket. */
export type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The HTTP/1.1 half of the port: fed with sockets, never listening itself. */
export function createHttp1Side(onRequest: RequestListener, limits: PortLimits, onUpgrade?: OnUpgrade): Server {
  const { onRequest: ask, isAnswering } = createOneByOne(onRequest);
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: Math.max(limits.headersMs, limits.requestMs),
      // A load balancer that keeps connections must not meet one that was just closed.
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.min(checkMs, limits.headersMs),
      maxHeaderSize: limits.headerBytes,
      // Other protocols that are offered, such as h2c, are passed over, as RFC 9110, section 7.8, lets a server do.
      // So is a WebSocket while an answer is under way: both would write on the connection.
      shouldUpgradeCallback: ({ headers, socket }) =>
        onUpgrade !== undefined && headers.upgrade?.toLowerCase() === "websocket" && !isAnswering(socket),
    },
    ask,
  );
  if (onUpgrade) server.on("upgrade", onUpgrade);
  // HTTP/1.1 has no PING of its own; that of TCP finds peers that are gone while nothing is under way to them.
  server.on("connection", (socket) => socket.setKeepAlive(true, limits.keepaliveMs));
  server.on("connection", readFromStream);
  // Else a client that stops reading would keep its connection, and what is written to it, for ever.
  server.setTimeout(limits.idleMs);
  // Timeouts are checked only once the server was told that it listens.
  server.emit("listening");
  return server;
}

/**
 * Lets the parser of a TLS connection take its bytes from the socket's stream, which a listener for them does. Else it
 * takes them from the handle, which goes on while node:http has paused the parser because an answer is not sent yet: a
 * client that asks again at once would be cut off with "Parse Error: Paused".
 */
function readFromStream(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.on("data", ignore);
}

function ignore(): void {}
