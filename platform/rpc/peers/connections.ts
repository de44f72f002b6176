import type { ClientHttp2Stream, ClientSessionRequestOptions, OutgoingHttpHeaders } from "node:http2";
import { platformErrors } from "../errors.ts";
import { PeerConnection, peerTimes } from "./connection.ts";

/** Most connections to another process. */
export const maxConnectionsToPeer = 16;
/** After a connection could not be made, calls fail at once for this long. */
export const reconnectMs = 200;

/**
 * Connections to the process that runs the services which this one does not. They are made as calls need them, and again
 * when they are gone; a call never waits longer than a connection takes to be made.
 */
export interface PeerConnections {
  /** Scheme, host and port of the other process. */
  readonly url: string;
  /**
   * Begins a call: at once where there is a connection. It throws PEER_UNREACHABLE where none can be made, or all have
   * as many calls as they may: nothing was sent then.
   */
  request(
    headers: OutgoingHttpHeaders,
    options?: ClientSessionRequestOptions,
  ): ClientHttp2Stream | Promise<ClientHttp2Stream>;
  /** Whether there is a connection. Where there is none, one is being made from then on. */
  isOpen(): boolean;
  /**
   * Why the other process can't be called, as far as is known. One that lets go of idle connections can be, until it was
   * tried in vain.
   */
  notReady(): string | undefined;
  /** Cuts all that there are now. */
  cut(): void;
  /** Cuts all for good. Closing twice is harmless. */
  close(): void;
}

export function createPeerConnections(url: string, times = peerTimes): PeerConnections {
  const connections = new Set<PeerConnection>();
  let failedAt = Number.NEGATIVE_INFINITY;
  let isClosed = false;
  let wasReached = false;

  const open = (): PeerConnection | undefined => {
    if (isClosed || connections.size >= maxConnectionsToPeer || performance.now() - failedAt < reconnectMs) return;
    const connection = new PeerConnection(url, times, (gone) => connections.delete(gone));
    connections.add(connection);
    void connection.ready.then((isReady) => {
      wasReached = isReady;
      if (!isReady) failedAt = performance.now();
    });
    return connection;
  };
  const usable = () => {
    for (const connection of connections) if (connection.hasRoom) return connection;
    return undefined;
  };
  /** A call takes its place in the turn in which it finds one: others wait beside it. */
  const requestOnceMade: PeerConnections["request"] = async (headers, options) => {
    for (;;) {
      const pending = [...connections].find(({ state }) => state === "opening") ?? open();
      if (!pending) break;
      if (!(await pending.ready)) break;
      const connection = usable();
      if (connection) return connection.request(headers, options);
    }
    const isFull = [...connections].some(({ state }) => state === "ready");
    throw platformErrors.PEER_UNREACHABLE({ message: isFull ? "too many calls" : "no connection" });
  };
  const isOpen = () => {
    if (connections.size === 0) open();
    return [...connections].some(({ state }) => state === "ready");
  };
  const cut = () => {
    for (const connection of connections) connection.close();
  };

  return {
    url,
    request: (headers, options) => usable()?.request(headers, options) ?? requestOnceMade(headers, options),
    isOpen,
    notReady: () => (isOpen() || wasReached ? undefined : `the process at ${url} can't be reached`),
    cut,
    close() {
      isClosed = true;
      cut();
    },
  };
}
