import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { platformErrors } from "./errors.ts";

/** Most bytes of the body of a call that anybody may make: as many as HTTP/2 lets a client send unread. */
export const maxPublicBytes = 64 * 1024;

type Body = UniversalServerRequest["body"];

/** A body that fails beyond `maxBytes`, before they are gathered. */
export function boundedBody(body: Body, maxBytes: number): Body {
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) return body;
  return withinBytes(body, maxBytes);
}

async function* withinBytes(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw platformErrors.TOO_LARGE({ message: `more than ${maxBytes} bytes` });
    yield chunk;
  }
}
