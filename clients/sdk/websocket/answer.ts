import { Code, ConnectError } from "@connectrpc/connect";
import { endStreamFlag, endStreamFromJson } from "@connectrpc/connect/protocol-connect";
import type { Inbox } from "./inbox.ts";

/** What an answer tells beside its messages: headers are known once the first message is, trailers after the last. */
export interface Metadata {
  readonly header: Headers;
  readonly trailer: Headers;
}

/** The messages of an answer. Fails as the call does, or its connection. */
export async function* readAnswer<Message>(
  inbox: Inbox,
  { header, trailer }: Metadata,
  parse: (data: Uint8Array) => Message,
): AsyncGenerator<Message> {
  for (;;) {
    const message = await inbox.next();
    if (typeof message === "string") {
      for (const [name, value] of Object.entries(JSON.parse(message))) header.set(name, String(value));
      continue;
    }
    for (const { flags, data } of envelopesOf(message)) {
      if (flags === endStreamFlag) return readEnd(data, trailer);
      if (flags !== 0) throw new ConnectError(`unexpected flags ${flags}`, Code.Internal);
      yield parse(data);
    }
  }
}

function readEnd(data: Uint8Array, trailer: Headers): void {
  const { metadata, error } = endStreamFromJson(data);
  if (error) throw error;
  metadata.forEach((value, name) => {
    trailer.set(name, value);
  });
}

/** The envelopes of a message: each is whole. */
function* envelopesOf(message: Uint8Array): Generator<{ readonly flags: number; readonly data: Uint8Array }> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  for (let at = 0; at < message.length; ) {
    const start = at + 5;
    const end = start <= message.length ? start + view.getUint32(at + 1) : start;
    if (end > message.length) throw new ConnectError("incomplete message", Code.Internal);
    yield { flags: view.getUint8(at), data: message.subarray(start, end) };
    at = end;
  }
}
