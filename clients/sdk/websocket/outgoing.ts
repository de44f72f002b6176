import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { endStreamFlag } from "@connectrpc/connect/protocol-connect";
import { sleep } from "../backoff.ts";

/** Bytes that may wait to be sent before the next message is asked for. */
const maxUnsentBytes = 1024 * 1024;
/** How often they are counted: a WebSocket does not tell when it has sent them. */
const pollMs = 20;

/** Sends what is said on a stream, then its end. Rejects with what the messages fail with. */
export async function sendEach<Message>(
  socket: WebSocket,
  messages: AsyncIterable<Message>,
  serialize: (message: Message) => Uint8Array,
): Promise<void> {
  for await (const message of messages) {
    while (isOpen(socket) && socket.bufferedAmount > maxUnsentBytes) await sleep(pollMs);
    if (!isOpen(socket)) return;
    socket.send(encodeEnvelope(0, serialize(message)));
  }
  if (isOpen(socket)) socket.send(encodeEnvelope(endStreamFlag, new Uint8Array()));
}

function isOpen(socket: WebSocket): boolean {
  return socket.readyState === socket.OPEN;
}
