import type { OutgoingHttpHeaders } from "node:http";
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

/** For Node, which writes several values of a name as several lines. */
export function toNodeHeaders(headers: Headers | undefined): OutgoingHttpHeaders {
  if (!headers) return {};
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 ? { "set-cookie": cookies } : {}) };
}
