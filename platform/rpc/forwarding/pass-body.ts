import type { ClientHttp2Stream } from "node:http2";
import type { Readable } from "node:stream";

/** Passes a body on as it comes, and no faster than it is taken. */
export function passBody(body: Readable, upstream: ClientHttp2Stream): void {
  body.on("data", (chunk: Buffer) => {
    if (!upstream.writable || upstream.write(chunk)) return;
    body.pause();
    upstream.once("drain", () => body.resume());
  });
  body.once("end", () => upstream.end());
  upstream.once("close", () => body.resume());
}
