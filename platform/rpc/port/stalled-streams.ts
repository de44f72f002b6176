import { constants, type ServerHttp2Stream } from "node:http2";

/**
 * Breaks off answers that the client does not take: it reads the connection and answers PINGs, but never opens the
 * stream's window (CVE-2019-9517), so that what is written waits for ever. Each look must come a limit after the one
 * before; a stream at whose queue nothing moved between two of them is stalled.
 */
export function createStallWatch(): (streams: Iterable<ServerHttp2Stream>) => void {
  let waiting = new Map<ServerHttp2Stream, Wait>();
  return (streams) => {
    const now = new Map<ServerHttp2Stream, Wait>();
    for (const stream of streams) {
      const unsent = stream.writableLength;
      if (unsent === 0) continue;
      const before = waiting.get(stream);
      if (before && before.unsent === unsent && !before.hasDrained) breakOff(stream);
      else now.set(stream, waitOf(stream, before));
    }
    waiting = now;
  };
}

interface Wait {
  unsent: number;
  /** The queue was taken, and filled again since: writes are mostly of one size, so that its length may be the same. */
  hasDrained: boolean;
}

function waitOf(stream: ServerHttp2Stream, before: Wait | undefined): Wait {
  if (before && !before.hasDrained) {
    before.unsent = stream.writableLength;
    return before;
  }
  const wait = { unsent: stream.writableLength, hasDrained: false };
  stream.once("drain", () => {
    wait.hasDrained = true;
  });
  return wait;
}

function breakOff(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL);
  // Where it is being closed already, closing waits for what is unsent.
  stream.destroy();
}
