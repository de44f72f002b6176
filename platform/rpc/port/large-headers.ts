import { constants, type ServerHttp2Stream } from "node:http2";

/** What each header field counts beyond its name and value (RFC 9113, section 6.5.2). */
const fieldBytes = 32;

/**
 * Whether the headers of a request are larger than the server's settings say. Node tells clients the limit and does not
 * hold them to it: by references to one long field (RFC 7541), a small frame becomes headers of half a megabyte.
 */
export function areTooLarge(rawHeaders: readonly string[], maxBytes: number): boolean {
  let bytes = (rawHeaders.length / 2) * fieldBytes;
  for (const text of rawHeaders) bytes += text.length;
  return bytes > maxBytes;
}

export function refuseLargeHeaders(stream: ServerHttp2Stream): void {
  stream.on("error", () => {});
  stream.respond({ ":status": constants.HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE }, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
}
