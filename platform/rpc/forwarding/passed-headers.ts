import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Exchange } from "../exchange/exchange.ts";
import { peerHeaders } from "../peers/peer-proof.ts";

/**
 * Headers of a request that end at the process that the client called: those of its connection (RFC 9110, section
 * 7.6.1), those that are answered for there (who calls, from where, from which page), and those that only peers may say.
 */
const kept = new Set([
  ":method",
  ":path",
  ":scheme",
  ":authority",
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "te",
  "expect",
  "authorization",
  "cookie",
  "parley-device-id",
  "origin",
  "access-control-request-method",
  "access-control-request-headers",
  "forwarded",
  "x-forwarded-for",
  ...Object.values(peerHeaders),
]);

/** The head of a request as it is passed on; `added` are headers of this process. */
export function passedRequest({ method, url, headers }: Exchange, added: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const head: OutgoingHttpHeaders = { ":method": method, ":path": url };
  for (const name in headers) if (!kept.has(name)) head[name] = headers[name];
  for (const name of namedByConnection(headers)) delete head[name];
  // A GET is passed on without a body, whatever its client says.
  if (method === "GET") delete head["content-length"];
  return Object.assign(head, added);
}

/** Headers that HTTP/1.1 says are those of the connection, beside the usual ones. */
function namedByConnection({ connection }: IncomingHttpHeaders): string[] {
  return connection === undefined
    ? []
    : connection
        .toLowerCase()
        .split(",")
        .map((name) => name.trim());
}

/** The head of an answer as it is passed back: HTTP/2 has no headers of a connection (RFC 9113, section 8.2.2). */
export function passedAnswer(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const head: OutgoingHttpHeaders = {};
  for (const name in headers) if (name !== ":status") head[name] = headers[name];
  return head;
}
