import type { Socket } from "node:net";
import { createServer } from "node:tls";
import type { HttpVersion } from "./port-metrics.ts";
import { setRemoteAddress } from "./proxy-protocol.ts";

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Takes a connection, and whose it is where a proxy said so. */
export type TakeConnection = (socket: Socket, client: string | undefined) => void;

/** TLS before both versions of HTTP: fed with sockets, never listening itself. */
export function createTlsSide(
  { cert, key }: Certificate,
  handshakeTimeout: number,
  pass: (socket: Socket, version: HttpVersion) => void,
): TakeConnection {
  /** A secure socket does not tell which one it wraps, but has the same ends. */
  const clients = new Map<string, { readonly address: string }>();
  const options = { cert, key, ALPNProtocols: ["h2", "http/1.1"], handshakeTimeout };
  const server = createServer(options, (socket) => {
    socket.on("error", () => socket.destroy());
    const client = clients.get(endsOf(socket));
    if (client) setRemoteAddress(socket, client.address);
    pass(socket, socket.alpnProtocol === "h2" ? "http2" : "http1");
  });
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return (socket, address) => {
    if (address !== undefined) {
      const [ends, client] = [endsOf(socket), { address }];
      clients.set(ends, client);
      socket.once("close", () => {
        if (clients.get(ends) === client) clients.delete(ends);
      });
    }
    // A socket that flows, since somebody read a header from it, would lose what the handshake waits for.
    socket.pause();
    server.emit("connection", socket);
  };
}

function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
