/** Requests that no stock client makes: over bare sockets and bare HTTP/2. */
import { type EventEmitter, once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type SecureClientSessionOptions } from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";

/** Opens an HTTP/2 connection, gives it to `act` and cuts it afterwards. */
export async function onSession(
  url: string,
  options: SecureClientSessionOptions,
  act: (session: ClientHttp2Session) => Promise<void>,
): Promise<void> {
  const session = connect(url, options).on("error", () => {});
  const closed = closeOf(session);
  try {
    await act(session);
  } finally {
    session.destroy();
    await closed;
  }
}

/** Begins a call; failures of the stream are what its caller is after. */
export function begin(
  session: ClientHttp2Session,
  method: string,
  token: string,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): ClientHttp2Stream {
  const request = { ":method": "POST", ":path": `/parley.${method}`, "content-type": type };
  const authorization = `Bearer ${token}`;
  const stream = session.request({ ...request, ...headers, authorization }, { endStream: false });
  return stream.on("error", () => {});
}

/** Opens a socket, gives it to `act` and cuts it afterwards. */
export async function onSocket(url: string, act: (socket: Socket) => Promise<void>): Promise<void> {
  const socket = connectSocket(Number(new URL(url).port), "127.0.0.1").on("error", () => {});
  try {
    await once(socket, "connect");
    await act(socket);
  } finally {
    socket.destroy();
    if (!socket.closed) await closeOf(socket);
  }
}

/** Resolves when it has closed, or has had so much time. */
export async function closedWithin(ms: number, emitter: Socket | ClientHttp2Stream): Promise<void> {
  if (emitter.closed) return;
  emitter.resume();
  await Promise.race([closeOf(emitter), pause(ms)]);
}

/** Resolves with it, whatever went wrong before. */
export function closeOf(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once("close", () => resolve()));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
