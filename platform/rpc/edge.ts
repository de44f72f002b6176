import { readFileSync } from "node:fs";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Config } from "#platform/runtime/config.ts";
import type { Authenticator } from "./authenticator.ts";
import { listenOnOnePort } from "./one-port-server.ts";
import { createPages, send, text } from "./pages.ts";
import { createRpcHandler, type NodeRequest, type NodeResponse } from "./rpc-handler.ts";
import type { Served } from "./served.ts";

export interface EdgeOptions {
  readonly config: Pick<Config, "listen" | "tls" | "allowedOrigins" | "limits">;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly served: Served;
  readonly authenticator: () => Authenticator;
  /** Why the server can't serve now; empty: it can. */
  readonly notReady: () => string[];
}

/** The port and everything that is answered on it. */
export interface Edge {
  readonly url: string;
  /** Refuses new calls and tells connections to finish. */
  refuse(): void;
  /** Waits for the calls that run, at most `graceMs`. */
  finish(graceMs: number): Promise<void>;
  /** Cuts what is still open. Closing twice is harmless. */
  close(): Promise<void>;
}

export async function openEdge(options: EdgeOptions): Promise<Edge> {
  const { config } = options;
  const cutting = new AbortController();
  const rpc = createRpcHandler({ served: options.served, interceptors: [], signal: cutting.signal });
  const pages = createPages(options);
  const onRequest = (request: NodeRequest, response: NodeResponse) => {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (rpc(path, request, response) || pages(path, request, response)) return;
    send(response, text(404, "not found"));
  };
  const tls = config.tls && { cert: readFileSync(config.tls.certFile), key: readFileSync(config.tls.keyFile) };
  const port = await listenOnOnePort({ ...config.listen, ...(tls ? { tls } : {}), onRequest });
  return {
    url: port.url,
    refuse: port.refuse,
    async finish() {},
    async close() {
      cutting.abort();
      await port.close();
    },
  };
}
