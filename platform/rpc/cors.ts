import { cors } from "@connectrpc/connect";
import { deviceHeader } from "./authenticator.ts";
import type { NodeRequest, NodeResponse } from "./node-request.ts";

const allowedHeaders = [...cors.allowedHeaders, "Authorization", deviceHeader].join(", ");
const allowedMethods = cors.allowedMethods.join(", ");
const exposedHeaders = cors.exposedHeaders.join(", ");
/** How long a browser remembers the answer to a preflight; the most that Chromium does. */
const preflightSeconds = 7200;

/**
 * Lets browsers of the allowed origins call. Credentials are never ambient: tokens travel in a header that scripts set.
 * True where the request was a preflight and is answered.
 */
export type Cors = (request: NodeRequest, response: NodeResponse) => boolean;

export function createCors(allowedOrigins: readonly string[]): Cors {
  const any = allowedOrigins.includes("*");
  return (request, response) => {
    const { origin } = request.headers;
    if (origin === undefined) return false;
    response.setHeader("vary", "origin");
    const allowed = any || allowedOrigins.includes(origin);
    if (allowed) {
      response.setHeader("access-control-allow-origin", any ? "*" : origin);
      response.setHeader("access-control-expose-headers", exposedHeaders);
    }
    if (request.method !== "OPTIONS" || !request.headers["access-control-request-method"]) return false;
    if (allowed) {
      response.setHeader("access-control-allow-methods", allowedMethods);
      response.setHeader("access-control-allow-headers", allowedHeaders);
      response.setHeader("access-control-max-age", preflightSeconds);
    }
    response.statusCode = 204;
    response.end();
    return true;
  };
}
