import { Code, ConnectError } from "@connectrpc/connect";

/** Most bytes that wait to be taken. A WebSocket can't be told to wait: a reader that falls further behind loses it. */
export const maxWaitingBytes = 16 * 1024 * 1024;

/** What one WebSocket says, in order: headers as text, envelopes as bytes. */
export interface Inbox {
  /** The next message; once all are taken, it rejects with why there are no more. */
  next(): Promise<string | Uint8Array>;
  /** Ends the WebSocket for a reason of the client's own. */
  fail(reason: unknown): void;
}

export function createInbox(socket: WebSocket, maxBytes: number = maxWaitingBytes): Inbox {
  const waiting: (string | Uint8Array)[] = [];
  let bytes = 0;
  let failure: { readonly reason: unknown } | undefined;
  let wake = () => {};
  const fail = (reason: unknown) => {
    failure ??= { reason };
    socket.close();
    wake();
  };
  socket.addEventListener("message", ({ data }) => {
    if (failure) return;
    const message = typeof data === "string" ? data : new Uint8Array(data);
    waiting.push(message);
    bytes += message.length;
    if (bytes > maxBytes) fail(new ConnectError("the reader fell behind", Code.ResourceExhausted));
    wake();
  });
  socket.addEventListener("close", ({ code, reason }) => {
    fail(new ConnectError(`the connection closed: ${reason || code}`, meaningOf(code)));
  });
  return {
    async next() {
      for (;;) {
        const message = waiting.shift();
        if (message !== undefined) {
          bytes -= message.length;
          return message;
        }
        if (failure) throw failure.reason;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    fail,
  };
}

/** What it means that a WebSocket closed before its call was over; 1009: something was too large. */
function meaningOf(code: number): Code {
  return code === 1009 ? Code.ResourceExhausted : Code.Unavailable;
}
