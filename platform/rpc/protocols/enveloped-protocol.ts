import { type OutgoingHttpHeaders, validateHeaderValue } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import type { Codec } from "./wire.ts";

/** What differs between the protocols that put each message in an envelope. */
export interface EnvelopedProtocol {
  readonly name: "connect" | "grpc" | "grpc-web";
  readonly contentTypes: Readonly<Record<Codec, string>>;
  readonly encodingHeader: string;
  readonly acceptEncodingHeader: string;
  readonly timeoutHeader: string;
  readonly parseTimeout: (
    value: string | null,
    maxTimeoutMs: number,
  ) => { timeoutMs?: number | undefined; error?: ConnectError | undefined };
  readonly hasTrailers: boolean;
  /** How the end of an answer is told: in the body or in HTTP trailers. */
  ending(trailer: Headers | undefined, error?: ConnectError): Ending;
}

export interface Ending {
  readonly body?: Uint8Array;
  readonly trailers?: OutgoingHttpHeaders;
}

/** Fields that say how the bytes of a connection or an answer are to be read: whoever writes these sets them. */
const fieldsOfHttp = new Set([
  "connection",
  "content-length",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * For Node, which writes several values of a name as several lines. Throws where HTTP can't carry what an implementation
 * says: nothing of the answer is on its way then.
 */
export function toNodeHeaders(headers: Headers | undefined): OutgoingHttpHeaders {
  if (!headers) return {};
  for (const [name, value] of headers) {
    if (fieldsOfHttp.has(name)) throw new TypeError(`an implementation can't set the field ${name}`);
    validateHeaderValue(name, value);
  }
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 ? { "set-cookie": cookies } : {}) };
}
