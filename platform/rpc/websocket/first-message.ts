import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { coarseTimers } from "#platform/runtime/timer-wheel.ts";
import { deviceHeader } from "../authenticator.ts";
import { closeCodes } from "./close-codes.ts";
import { maxFirstMessageBytes, tooLargeMs } from "./websocket-limits.ts";

/** Headers of a call that a client may set. All others are the connection's, and are not believed here. */
const allowed: ReadonlySet<string> = new Set([
  "authorization",
  deviceHeader,
  "connect-protocol-version",
  "connect-timeout-ms",
  "connect-accept-encoding",
  "connect-content-encoding",
  "traceparent",
  "tracestate",
]);

/**
 * Reads the first message of a client: the headers of its call as an object of JSON, since browsers can't set any on a
 * WebSocket. Names that calls don't have are passed over; undefined where it is no object of strings.
 */
export function readHeaders(text: string): Record<string, string> | undefined {
  const fields = parseObject(text);
  if (!fields) return undefined;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== "string") return undefined;
    if (allowed.has(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  return headers;
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Hands over the first message, or refuses the client that sends another kind or too large a one. Nobody knows yet who
 * it is, so little is taken: at most `maxFirstMessageBytes` and what the network brings at once.
 */
export function untilFirstMessage(webSocket: WebSocket, connection: Socket, onText: (text: string) => void): void {
  let bytes = 0;
  const tooLarge = () => {
    webSocket.close(closeCodes.tooLarge, `the first message is at most ${maxFirstMessageBytes} bytes`);
    webSocket.pause();
    coarseTimers.after(tooLargeMs, () => webSocket.terminate());
  };
  /** Runs after the WebSocket saw the same bytes. */
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxFirstMessageBytes || webSocket.listenerCount("message", take) === 0) return;
    webSocket.off("message", take);
    connection.off("data", count);
    tooLarge();
  };
  const take = (data: Buffer, isBinary: boolean) => {
    webSocket.off("message", take);
    connection.off("data", count);
    if (webSocket.readyState !== webSocket.OPEN) return;
    if (isBinary) webSocket.close(closeCodes.wrongKind, "the first message is text");
    else if (data.length > maxFirstMessageBytes) tooLarge();
    else onText(data.toString());
  };
  connection.on("data", count);
  webSocket.on("message", take);
}
