/** Ways to the server: every protocol, codec, compression and version of HTTP, by the clients that people have. */
import { Agent } from "node:http";
import type { Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { connectByWebSocket } from "../../clients/sdk/node/index.ts";

export interface Line {
  readonly name: string;
  readonly transport: Transport;
  /** Whether both directions may speak at once. */
  readonly isDuplex: boolean;
  /** Cuts the connections that are the line's own, in the middle of whatever they carry. */
  close(): void;
}

/** Connections that lines share, as a load balancer's clients do. */
export interface SharedConnections {
  pick(below: (bound: number) => number): Http2SessionManager | undefined;
  close(): void;
}

const protocols = {
  connect: createConnectTransport,
  grpc: createGrpcTransport,
  "grpc-web": createGrpcWebTransport,
} as const;

export interface LineKind {
  readonly protocol: keyof typeof protocols | "websocket";
  readonly isBinary: boolean;
  readonly compresses: boolean;
  /** gRPC has none but HTTP/2. A WebSocket is its own connection, whatever is said here. */
  readonly httpVersion: "1.1" | "2";
}

/** One of all kinds. `below` gives whole numbers below a bound. */
export function pickKind(below: (bound: number) => number): LineKind {
  const protocol = (["connect", "grpc", "grpc-web", "websocket"] as const)[below(4)] ?? "connect";
  const httpVersion = protocol !== "grpc" && below(3) === 0 ? "1.1" : "2";
  return { protocol, httpVersion, isBinary: below(2) === 0, compresses: below(3) === 0 };
}

export function shareConnections(url: string, count: number): SharedConnections {
  const managers = Array.from({ length: count }, () => new Http2SessionManager(url));
  return {
    pick: (below) => managers[below(count)],
    close() {
      for (const manager of managers) manager.abort();
    },
  };
}

/** A line over connections of its own, or over `shared` ones where it speaks HTTP/2. */
export function openLine(url: string, kind: LineKind, shared?: Http2SessionManager): Line {
  const { protocol, isBinary, compresses, httpVersion } = kind;
  if (protocol === "websocket") return openWebSocketLine(url, kind);
  const common = {
    baseUrl: url,
    useBinaryFormat: isBinary,
    useHttpGet: compresses,
    ...(compresses ? { sendCompression: compressionGzip, compressMinBytes: 0 } : { acceptCompression: [] }),
  };
  const name = [protocol, isBinary ? "binary" : "json", `HTTP/${httpVersion}`, ...(compresses ? ["gzip"] : [])].join(
    " ",
  );
  if (httpVersion === "1.1") {
    const agent = new Agent({ keepAlive: true });
    const transport = protocols[protocol]({ ...common, httpVersion, nodeOptions: { agent } });
    const close = () => {
      // An answer that is still being read gives its socket back later.
      agent.on("free", (socket) => socket.destroy());
      agent.destroy();
    };
    return { name, transport, isDuplex: false, close };
  }
  const sessionManager = shared ?? new Http2SessionManager(url);
  const transport = protocols[protocol]({ ...common, httpVersion, sessionManager });
  return { name, transport, isDuplex: true, close: shared ? () => {} : () => sessionManager.abort() };
}

/** Streams by the SDK; other calls not, as `fetch` keeps its connections for longer than the line. */
function openWebSocketLine(url: string, kind: LineKind): Line {
  const { transport, close } = connectByWebSocket(url, []);
  const calls = openLine(url, { ...kind, protocol: "connect", httpVersion: "1.1" });
  return {
    name: "websocket",
    isDuplex: true,
    transport: { unary: calls.transport.unary, stream: transport.stream },
    close() {
      close();
      calls.close();
    },
  };
}
