import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { AddressOf } from "../exchange/exchange.ts";
import { contentTypeOf } from "./subprotocols.ts";

/** What is known of a call that a WebSocket carries. */
export interface WebSocketRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly clientAddress: string;
  readonly isSecure: boolean;
}

/** A call, from the request that opened its WebSocket and the headers that its first message told. */
export function requestOf(
  { url = "", headers, socket }: IncomingMessage,
  subprotocol: string,
  said: Readonly<Record<string, string>>,
  addressOf: AddressOf,
): WebSocketRequest {
  const { host, origin, "user-agent": userAgent } = headers;
  const ofConnection = {
    ...(host && { host }),
    ...(origin && { origin }),
    ...(userAgent && { "user-agent": userAgent }),
  };
  return {
    url,
    headers: { ...ofConnection, ...said, "content-type": contentTypeOf(subprotocol) },
    clientAddress: addressOf(socket.remoteAddress ?? "", headers),
    isSecure: (socket as TLSSocket).encrypted ?? false,
  };
}
