import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { Socket } from "node:net";
import { wholeMs } from "./allowance.ts";
import { Http2Connection } from "./http2-connection.ts";
import { areTooLarge, refuseLargeHeaders } from "./large-headers.ts";
import { type PortLimits, sharedResets } from "./port-limits.ts";
import { createStallWatch } from "./stalled-streams.ts";

/** How often connections are looked at, at least. */
const maxLookMs = 5_000;

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** The HTTP/2 half of the port: fed with sockets. */
export interface Http2Side {
  /** `isShared`: it carries calls of many clients. */
  adopt(socket: Socket, isShared: boolean): void;
  /** Lets go of idle connections and tells the others to finish (GOAWAY), those that are adopted later, too. */
  refuse(): void;
  /** Cuts all connections. */
  close(): void;
}

/** Connections and streams that are open. */
interface Open {
  readonly connections: Map<ServerHttp2Session, Http2Connection>;
  readonly streams: Map<ServerHttp2Stream, Http2Connection>;
}

export function createHttp2Side(onStream: OnStream, limits: PortLimits): Http2Side {
  const ownTerms = termsOf(limits);
  const sharedTerms = termsOf({ ...limits, resetsPerSecond: sharedResets * limits.resetsPerSecond });
  const open: Open = { connections: new Map(), streams: new Map() };
  const listen = createListeners(open, onStream, limits.headerBytes);
  const looking = lookNowAndThen(open, limits);
  let refusing = false;
  return {
    adopt(socket, isShared) {
      const { options, limits } = isShared ? sharedTerms : ownTerms;
      const session = performServerHandshake(socket, options);
      const connection = new Http2Connection(session, socket, limits, looking.now);
      open.connections.set(session, connection);
      listen(session);
      if (refusing) connection.close();
    },
    refuse() {
      refusing = true;
      for (const connection of open.connections.values()) connection.close();
    },
    close() {
      looking.stop();
      for (const connection of open.connections.values()) connection.cut();
    },
  };
}

/** What connections may take, and what HTTP/2 itself is told of it. */
interface Terms {
  readonly limits: PortLimits;
  readonly options: ServerOptions;
}

function termsOf(limits: PortLimits): Terms {
  const options = {
    maxSessionMemory: limits.sessionMegabytes,
    // Its clock knows whole seconds: what may be broken off in one is to fit between two of its ticks.
    streamResetBurst: 2 * limits.streams + limits.resetsPerSecond,
    streamResetRate: limits.resetsPerSecond,
    settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: limits.headerBytes, enablePush: false },
  };
  return { limits, options };
}

/** All sessions and streams share the same few listeners: one of their own for each would be most of what they cost. */
function createListeners({ connections, streams }: Open, onStream: OnStream, headerBytes: number) {
  function opened(
    this: ServerHttp2Session,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    _flags: number,
    rawHeaders: readonly string[],
  ): void {
    const connection = connections.get(this);
    if (!connection) return;
    streams.set(stream, connection);
    stream.on("close", closed);
    connection.streamOpened();
    if (areTooLarge(rawHeaders, headerBytes)) refuseLargeHeaders(stream);
    else onStream(stream, headers);
  }
  function closed(this: ServerHttp2Stream): void {
    const connection = streams.get(this);
    streams.delete(this);
    connection?.streamClosed(this.aborted);
  }
  function controlFrameCame(this: ServerHttp2Session): void {
    connections.get(this)?.controlFrameCame();
  }
  function ended(this: ServerHttp2Session): void {
    connections.delete(this);
  }
  return (session: ServerHttp2Session) => {
    session.on("stream", opened);
    session.on("ping", controlFrameCame);
    session.on("remoteSettings", controlFrameCame);
    session.on("close", ended);
    session.on("error", ignore);
  };
}

interface Looking {
  /** Milliseconds during which clients were listened to: for what the event loop stood still, nobody is cut. */
  readonly now: number;
  stop(): void;
}

/** One timer for all connections and streams, instead of some for each. */
function lookNowAndThen({ connections, streams }: Open, limits: PortLimits): Looking {
  const { headersMs, idleMs, keepaliveMs, keepaliveAnswerMs } = limits;
  const lookMs = Math.min(maxLookMs, Math.min(headersMs, idleMs, keepaliveMs, keepaliveAnswerMs) / 4);
  const watchStalls = createStallWatch();
  let [now, lookedAt, stallsSeenAt] = [1, wholeMs(), 1];
  const look = () => {
    now += Math.min(wholeMs() - lookedAt, Math.ceil(2 * lookMs));
    lookedAt = wholeMs();
    for (const connection of connections.values()) connection.look(now);
    if (now - stallsSeenAt < idleMs / 2) return;
    stallsSeenAt = now;
    watchStalls(streams.keys());
  };
  const timer = setInterval(look, lookMs).unref();
  return {
    get now() {
      return now;
    },
    stop: () => clearInterval(timer),
  };
}

function ignore(): void {}
