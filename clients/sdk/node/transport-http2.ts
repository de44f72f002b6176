import { createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { tornStreamInterceptor } from "../interceptors/torn-streams.ts";
import { type Connect, callTimeoutMs } from "../transport.ts";

/** A connection that answers no PING for this long is given up. */
const pingTimeoutMs = 10_000;

/** Calls over one HTTP/2 connection: cleartext for `http:`, TLS for `https:`. It reconnects by itself. */
export const connectByHttp2: Connect = (baseUrl, interceptors) => {
  const sessionManager = new Http2SessionManager(baseUrl, { pingIntervalMs: 30_000, pingTimeoutMs });
  return {
    transport: createConnectTransport({
      baseUrl,
      httpVersion: "2",
      interceptors: [...interceptors, tornStreamInterceptor()],
      sessionManager,
      defaultTimeoutMs: callTimeoutMs,
    }),
    close: () => sessionManager.abort(),
  };
};
