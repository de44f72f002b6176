import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { maxConcurrentStreams, maxHeaderBytes, maxSessionMegabytes, type PortTimes } from "./port-limits.ts";

export interface Http2Side {
  readonly server: Http2Server;
  /** Connections that are open. */
  readonly sessions: ReadonlySet<ServerHttp2Session>;
}

/** The HTTP/2 half of the port: fed with sockets, never listening itself. */
export function createHttp2Side(
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
  times: PortTimes,
): Http2Side {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({
    maxSessionMemory: maxSessionMegabytes,
    settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes },
  });
  server.on("stream", onStream);
  server.setTimeout(times.idleSession);
  server.on("sessionError", () => {});
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    closeWithoutStream(session, times.firstStream);
  });
  return { server, sessions };
}

/** Frames other than those of a stream do not keep a connection: a client could send them for ever. */
function closeWithoutStream(session: ServerHttp2Session, timeoutMs: number): void {
  const timer = setTimeout(() => session.destroy(), timeoutMs).unref();
  session.once("stream", () => clearTimeout(timer));
  session.once("close", () => clearTimeout(timer));
}
