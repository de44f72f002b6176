import { constants, type ServerHttp2Stream } from "node:http2";

/**
 * Breaks off answers that the client does not take: it reads the connection and answers PINGs, but never opens the
 * stream's window (CVE-2019-9517), so that what is written waits for ever. Each look must come a limit after the one
 * before; a stream at whose queue nothing moved between two of them is stalled.
 */
export function createStallWatch(): (streams: Iterable<ServerHttp2Stream>) => void {
  let waiting = new Map<ServerHttp2Stream, number>();
  return (streams) => {
    const now = new Map<ServerHttp2Stream, number>();
    for (const stream of streams) {
      const unsent = stream.writableLength;
      if (unsent === 0) continue;
      if (waiting.get(stream) === unsent) breakOff(stream);
      else now.set(stream, unsent);
    }
    waiting = now;
  };
}

function breakOff(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL);
  // Where it is being closed already, closing waits for what is unsent.
  stream.destroy();
}
