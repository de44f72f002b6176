import type { DescMethod } from "@bufbuild/protobuf";
import { createContextValues } from "@connectrpc/connect";
import type { Exchange } from "../exchange/exchange.ts";
import { clientAddressKey } from "../identity.ts";
import type { Wire } from "../protocols/wire.ts";
import { CallContext } from "./call-context.ts";

/** The context of a call that an exchange brings. */
export function contextOf(exchange: Exchange, wire: Wire, method: DescMethod): CallContext {
  return new CallContext({
    method,
    protocolName: wire.protocolName,
    requestMethod: exchange.method,
    values: createContextValues().set(clientAddressKey, exchange.clientAddress),
    timeoutMs: wire.timeoutMs,
    url: () => urlOf(exchange),
    requestHeader: () => headersOf(exchange),
  });
}

function urlOf({ headers, isSecure, url }: Exchange): string {
  const host = headers[":authority"] ?? headers.host ?? "localhost";
  return `${isSecure ? "https" : "http"}://${String(host)}${url}`;
}

/** All headers but HTTP/2's own. */
function headersOf(exchange: Pick<Exchange, "headers">): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const each of typeof value === "string" ? [value] : value) headers.append(name, each);
  }
  return headers;
}
