import { createServer, type RequestListener, type Server } from "node:http";
import type { PortLimits } from "./port-limits.ts";

/** How often requests that take too long are looked for. */
const checkMs = 1_000;

/** The HTTP/1.1 half of the port: fed with sockets, never listening itself. */
export function createHttp1Side(onRequest: RequestListener, limits: PortLimits): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: Math.max(limits.headersMs, limits.requestMs),
      // A load balancer that keeps connections must not meet one that was just closed.
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.min(checkMs, limits.headersMs),
      maxHeaderSize: limits.headerBytes,
    },
    onRequest,
  );
  // Else a client that stops reading would keep its connection, and what is written to it, for ever.
  server.setTimeout(limits.idleMs);
  // Timeouts are checked only once the server was told that it listens.
  server.emit("listening");
  return server;
}
