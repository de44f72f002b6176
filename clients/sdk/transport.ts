import type { Interceptor, Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { tornStreamInterceptor } from "./interceptors/torn-streams.ts";

/** How calls reach the server. */
export interface Connection {
  readonly transport: Transport;
  /** Ends open connections. Closing twice is harmless. */
  close(): void;
}

/** Makes a connection whose calls go through `interceptors`. */
export type Connect = (url: string, interceptors: Interceptor[]) => Connection;

/** Deadline of a call that names none; streams have none. */
export const callTimeoutMs = 15_000;

/** Calls by `fetch`, in browsers and everywhere else. */
export const connectByFetch: Connect = (baseUrl, interceptors) => ({
  transport: createConnectTransport({
    baseUrl,
    interceptors: [...interceptors, tornStreamInterceptor()],
    useBinaryFormat: true,
    defaultTimeoutMs: callTimeoutMs,
  }),
  close() {},
});
