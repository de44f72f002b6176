import type { IncomingHttpHeaders, ServerHttp2Stream, ServerOptions } from "node:http2";
import type { Socket } from "node:net";
import { Http2Connection } from "./http2-connection.ts";
import type { PortLimits } from "./port-limits.ts";
import { createStallWatch } from "./stalled-streams.ts";

/** How often connections are looked at, at least. */
const maxLookMs = 5_000;

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** The HTTP/2 half of the port: fed with sockets. */
export interface Http2Side {
  adopt(socket: Socket): void;
  /** Lets go of idle connections and tells the others to finish (GOAWAY). */
  refuse(): void;
  /** Cuts all connections. */
  close(): void;
}

export function createHttp2Side(onStream: OnStream, limits: PortLimits): Http2Side {
  const options = optionsOf(limits);
  const connections = new Set<Http2Connection>();
  const streams = new Map<ServerHttp2Stream, Http2Connection>();
  const stopLooking = lookNowAndThen(connections, streams, limits);
  /** One listener for all streams: there are many. */
  const forget = function (this: ServerHttp2Stream) {
    const connection = streams.get(this);
    streams.delete(this);
    connection?.streamClosed(this.aborted);
  };
  return {
    adopt(socket) {
      const connection = new Http2Connection(socket, options, limits, performance.now());
      connections.add(connection);
      connection.session.once("close", () => connections.delete(connection));
      connection.session.on("stream", (stream, headers) => {
        streams.set(stream, connection);
        stream.on("close", forget);
        connection.streamOpened();
        onStream(stream, headers);
      });
    },
    refuse() {
      for (const connection of connections) connection.close();
    },
    close() {
      stopLooking();
      for (const connection of connections) connection.cut();
    },
  };
}

function optionsOf(limits: PortLimits): ServerOptions {
  return {
    maxSessionMemory: limits.sessionMegabytes,
    streamResetBurst: 2 * limits.streams,
    streamResetRate: limits.resetsPerSecond,
    settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headerBytes, enablePush: false },
  };
}

/** One timer for all connections and streams, instead of some for each. */
function lookNowAndThen(
  connections: Iterable<Http2Connection>,
  streams: ReadonlyMap<ServerHttp2Stream, Http2Connection>,
  { headersMs, idleMs, keepaliveMs, keepaliveAnswerMs }: PortLimits,
): () => void {
  const lookMs = Math.min(maxLookMs, Math.min(headersMs, idleMs, keepaliveMs, keepaliveAnswerMs) / 4);
  const watchStalls = createStallWatch();
  let stallsSeenAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    for (const connection of connections) connection.look(now);
    if (now - stallsSeenAt < idleMs / 2) return;
    stallsSeenAt = now;
    watchStalls(streams.keys());
  }, lookMs).unref();
  return () => clearInterval(timer);
}
