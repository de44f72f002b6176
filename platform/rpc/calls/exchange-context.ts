import type { DescMethod } from "@bufbuild/protobuf";
import { type Exchange, headerOf } from "../exchange/exchange.ts";
import { clientAddressKey } from "../identity.ts";
import type { Wire } from "../protocols/wire.ts";
import { CallContext, type CallRequest } from "./call-context.ts";
import { createCallValues } from "./call-values.ts";

/** The context of a call that an exchange brings. */
export function contextOf(exchange: Exchange, wire: Wire, method: DescMethod): CallContext {
  return new CallContext({
    method,
    protocolName: wire.protocolName,
    requestMethod: exchange.method,
    values: createCallValues().set(clientAddressKey, exchange.clientAddress),
    timeoutMs: wire.timeoutMs,
    request: new ExchangeRequest(exchange),
  });
}

class ExchangeRequest implements CallRequest {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get url(): string {
    const { headers, isSecure, url } = this.#exchange;
    const host = headers[":authority"] ?? headers.host ?? "localhost";
    return `${isSecure ? "https" : "http"}://${String(host)}${url}`;
  }

  readonly headerOf = (name: string): string | undefined => headerOf(this.#exchange, name);

  /** All headers but HTTP/2's own. */
  get header(): Headers {
    const header = new Headers();
    for (const [name, value] of Object.entries(this.#exchange.headers)) {
      if (name.startsWith(":") || value === undefined) continue;
      for (const each of typeof value === "string" ? [value] : value) header.append(name, each);
    }
    return header;
  }
}
