import type { DescMethod } from "@bufbuild/protobuf";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { platformErrors } from "./errors.ts";

/** How long the one message of a unary or server-streaming call may take to arrive. */
export const bodyTimeoutMs = 30_000;

type Body = UniversalServerRequest["body"];

/** A body that fails where it does not arrive in time. What a client streams has no such limit. */
export function timelyBody(method: DescMethod, body: Body, timeoutMs = bodyTimeoutMs): Body {
  const streams = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  if (streams || typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) return body;
  return withinTime(body, timeoutMs);
}

async function* withinTime(body: AsyncIterable<Uint8Array>, timeoutMs: number): AsyncIterable<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const end = () => reject(platformErrors.DEADLINE({ message: "the request did not arrive in time" }));
    timer = setTimeout(end, timeoutMs).unref();
  });
  late.catch(() => {});
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const chunk = await Promise.race([chunks.next(), late]);
      if (chunk.done) return;
      yield chunk.value;
    }
  } finally {
    clearTimeout(timer);
  }
}
