import type { OutgoingHttpHeaders } from "node:http";
import { cors } from "@connectrpc/connect";
import { deviceHeader } from "./authenticator.ts";
import type { Exchange } from "./exchange/exchange.ts";

const allowedHeaders = [...cors.allowedHeaders, "Authorization", deviceHeader, "traceparent", "tracestate"].join(", ");
const allowedMethods = cors.allowedMethods.join(", ");
const exposedHeaders = cors.exposedHeaders.join(", ");
/** How long a browser remembers the answer to a preflight; the most that Chromium does. */
const preflightSeconds = 7200;

/**
 * Lets browsers of the allowed origins call. Credentials are never ambient: tokens travel in a header that scripts set.
 * True where the request was a preflight and is answered.
 */
export type Cors = (exchange: Exchange) => boolean;

export function createCors(allowedOrigins: readonly string[]): Cors {
  const any = allowedOrigins.includes("*");
  return (exchange) => {
    const { origin } = exchange.headers;
    if (origin === undefined) return false;
    exchange.commonHeaders.vary = "origin";
    const allowed = any || allowedOrigins.includes(origin);
    if (allowed) {
      exchange.commonHeaders["access-control-allow-origin"] = any ? "*" : origin;
      exchange.commonHeaders["access-control-expose-headers"] = exposedHeaders;
    }
    if (exchange.method !== "OPTIONS" || !exchange.headers["access-control-request-method"]) return false;
    const granted: OutgoingHttpHeaders = {
      "access-control-allow-methods": allowedMethods,
      "access-control-allow-headers": allowedHeaders,
      "access-control-max-age": String(preflightSeconds),
    };
    exchange.answer(204, allowed ? granted : {});
    return true;
  };
}
