import type { DescService } from "@bufbuild/protobuf";
import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

/** How soon a gateway that does not answer is given up: it may be paused, or cut off. */
const askEachMs = 2_000;
const answerMs = 2_000;

/** The connections of some clients to all gateways. */
export interface Ways {
  readonly count: number;
  /** A client by the way of the gateway with this number; any number will do. */
  client<Service extends DescService>(service: Service, way: number): Client<Service>;
  close(): void;
}

export function openWays(urls: readonly string[]): Ways {
  const managers = urls.map((url) => new Http2SessionManager(url));
  const watches = managers.map((manager, n) => watch(urls[n] ?? "", () => manager.abort()));
  const transports = urls.map((baseUrl, n): Transport => {
    const sessionManager = managers[n];
    return createGrpcTransport(sessionManager ? { baseUrl, sessionManager } : { baseUrl });
  });
  return {
    count: urls.length,
    client(service, way) {
      const transport = transports[way % transports.length];
      if (!transport) throw new RangeError("there is no gateway");
      return createClient(service, transport);
    },
    close() {
      for (const end of watches) end();
      for (const manager of managers) manager.abort();
    },
  };
}

/** Calls `onSilence` each time the gateway does not answer soon. Returns what ends it. */
function watch(url: string, onSilence: () => void): () => void {
  const ask = () => fetch(`${url}/healthz`, { signal: AbortSignal.timeout(answerMs) }).catch(onSilence);
  const timer = setInterval(ask, askEachMs);
  return () => clearInterval(timer);
}

export function bearer(token: string, options: CallOptions = {}): CallOptions {
  return { ...options, headers: { authorization: `Bearer ${token}` } };
}
