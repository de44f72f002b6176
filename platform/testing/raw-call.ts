import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Makes one call over a connection of its own, as bytes. */
export async function rawCall(
  url: string,
  path: string,
  headers: OutgoingHttpHeaders,
  body: Uint8Array,
): Promise<RawAnswer> {
  const session = connect(url);
  const stream = session.request({ ":method": "POST", ":path": path, authorization: "Bearer marvin", ...headers });
  const [answered, ended]: [IncomingHttpHeaders, IncomingHttpHeaders] = [{}, {}];
  stream.on("response", (got) => Object.assign(answered, got));
  stream.on("trailers", (got) => Object.assign(ended, got));
  stream.end(body);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } finally {
    session.destroy();
  }
  return {
    status: Number(answered[":status"]),
    headers: answered,
    trailers: ended,
    body: Buffer.concat(chunks),
  };
}
