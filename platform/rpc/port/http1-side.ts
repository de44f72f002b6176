import { createServer, type RequestListener, type Server } from "node:http";
import { maxHeaderBytes, type PortTimes } from "./port-limits.ts";

/** How often requests that take too long are looked for. */
const checkMs = 1_000;

/** The HTTP/1.1 half of the port: fed with sockets, never listening itself. */
export function createHttp1Side(onRequest: RequestListener, times: PortTimes): Server {
  const server = createServer(
    {
      headersTimeout: times.headers,
      requestTimeout: times.request,
      connectionsCheckingInterval: Math.min(checkMs, times.headers),
      maxHeaderSize: maxHeaderBytes,
    },
    onRequest,
  );
  // Else a client that stops reading would keep its connection, and what is written to it, for ever.
  server.setTimeout(times.idleSession);
  // Timeouts are checked only once the server was told that it listens.
  server.emit("listening");
  return server;
}
