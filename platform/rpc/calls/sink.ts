import { createContextKey } from "@connectrpc/connect";
import type { Codec } from "../protocols/wire.ts";

/**
 * Where the implementation of a streaming method may write its messages itself, past the encoder: whole envelopes, so
 * that one buffer serves any number of streams. A method that writes here yields nothing. With the first write the call
 * lets go of what the request's headers said.
 */
export interface Sink {
  readonly codec: Codec;
  /** Whether envelopes may be compressed by gzip. */
  readonly takesGzip: boolean;
  /** False where the client is behind: `onDrain` is called once it has caught up. Bytes are taken in any case. */
  write(envelopes: Uint8Array): boolean;
  onDrain(listener: () => void): void;
  /** Calls the listener once, when the call is over: at once where it is. A later listener takes its place. */
  onOver(listener: () => void): void;
  /** Bytes that were written and wait for the client. */
  readonly unsentBytes: number;
}

/** The sink of a streaming call; absent where its caller is in this process. */
export const sinkKey = createContextKey<Sink | undefined>(undefined, { description: "sink" });
