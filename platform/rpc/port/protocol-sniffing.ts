import type { Socket } from "node:net";
import { coarseTimers } from "#platform/runtime/timer-wheel.ts";

/** Start of the HTTP/2 connection preface (RFC 9113, section 3.4); no HTTP/1.1 method starts so. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/**
 * Looks at the first bytes of a connection, puts them back and tells the protocol. A connection that is silent or
 * undecided for `timeoutMs` is destroyed.
 */
export function sniffProtocol(socket: Socket, timeoutMs: number, onProtocol: (name: "http1" | "http2") => void): void {
  let seen: Buffer | undefined;
  const timer = coarseTimers.after(timeoutMs, () => socket.destroy());
  const settle = () => {
    timer.cancel();
    socket.off("data", onData);
    socket.off("close", settle);
  };
  const onData = (chunk: Buffer) => {
    seen = seen ? Buffer.concat([seen, chunk]) : chunk;
    const length = Math.min(seen.length, preface.length);
    const isPreface = seen.subarray(0, length).equals(preface.subarray(0, length));
    if (isPreface && length < preface.length) return;
    settle();
    socket.pause();
    socket.unshift(seen);
    onProtocol(isPreface ? "http2" : "http1");
    // The HTTP/2 session reads what was put back by itself; an HTTP/1.1 parser waits for it to flow.
    if (!isPreface) socket.resume();
  };
  socket.on("data", onData);
  socket.once("close", settle);
}
