import type { ConnectError } from "@connectrpc/connect";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { platformErrors } from "./errors.ts";
import { type Exchange, headerOf, pathOf } from "./exchange/exchange.ts";
import { EnvelopedWire } from "./protocols/enveloped-wire.ts";
import { maxTimeoutMs, mediaOf } from "./protocols/open-wire.ts";

const unknownMethod = (name: string): ConnectError => platformErrors.UNKNOWN_METHOD({ message: name });

/** Answers the call of a method that does not exist. False where the request is not a call at all. */
export function refuseUnknownMethod(exchange: Exchange, failureOf = unknownMethod): boolean {
  const path = pathOf(exchange);
  const media = mediaOf(headerOf(exchange, "content-type"));
  if (exchange.method !== "POST" || !media || !/^\/[\w.]+\/\w+$/.test(path)) return false;
  const error = failureOf(path.slice(1));
  if (media.protocol !== "connect unary" && media.protocol.name !== "connect") {
    new EnvelopedWire(exchange, media.protocol, media.codec, maxTimeoutMs).fail(error, {});
  } else {
    // Whether the method would be unary is not known: the status tells it in both (connectrpc.com/docs/protocol).
    exchange.answer(404, { "content-type": "application/json" }, errorToJsonBytes(error, undefined));
  }
  return true;
}
